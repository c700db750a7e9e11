/**
 * A device in a folder: one file of text that only its owner may read, replaced as a whole. The state before the last
 * stays beside it, for a disk that forgets what it had promised; leftovers of an interrupted replacement are ignored.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { type DeviceMemory, type DeviceState, deviceFromText, deviceText } from './device.ts'

const OWNER_ONLY = 0o600

/** @param folder  made if absent */
export async function openDeviceFile(folder: string): Promise<DeviceMemory> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return new FileDeviceMemory(folder)
}

class FileDeviceMemory implements DeviceMemory {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  async read(): Promise<DeviceState | undefined> {
    const paths = [this.#path('device.json'), this.#path('device.previous.json')]
    const texts = (await Promise.all(paths.map(textOf))).filter(text => text !== undefined)
    const state = texts.map(deviceFromText).find(sound => sound !== undefined)
    if (state !== undefined || texts.length === 0) return state
    throw new Error(`${this.#path('device.json')} is damaged: restore it from a backup, or move the folder away`)
  }

  async write(state: DeviceState): Promise<void> {
    const path = this.#path('device.json')
    await writeDurably(`${path}.new`, deviceText(state))
    await this.#keepPrevious(path)
    await rename(`${path}.new`, path)
    await syncFolder(this.#folder)
  }

  /** Only a sound state is worth keeping. */
  async #keepPrevious(path: string): Promise<void> {
    const text = await textOf(path)
    if (text === undefined || deviceFromText(text) === undefined) return
    const previous = this.#path('device.previous.json')
    await writeDurably(`${previous}.new`, text)
    await rename(`${previous}.new`, previous)
  }

  #path(name: string): string {
    return join(this.#folder, name)
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (failure) {
    if (failure instanceof Error && 'code' in failure && failure.code === 'ENOENT') return undefined
    throw failure
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', OWNER_ONLY)
  try {
    await file.chmod(OWNER_ONLY)
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A new name is durable only when its folder says so. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
