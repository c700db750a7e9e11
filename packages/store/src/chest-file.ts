/** The chest in one file that only its owner may read, replaced as a whole: after a power cut it is the old or the new. */
import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parseJson } from '@kozeni/protocol/json'
import { syncFolder } from './book-file.ts'
import { type Chest, type Handed, handedJson, readHanded } from './chest.ts'

/** @param path  made at the first save; its folder must exist */
export const fileChest = (path: string): Chest => ({
  load: () => load(path),
  save: handed => save(path, handed),
})

/** @throws Error when the file is damaged: it can be deleted, the center hands the seeds again */
async function load(path: string): Promise<Handed | undefined> {
  const text = await readFile(path, 'utf8').catch(absent)
  if (text === undefined) return undefined
  const handed = readHanded(parseJson(text))
  if (!handed.ok) throw new Error(`${path} is damaged: delete it, and the center hands the seeds again`)
  return handed.value
}

function absent(failure: NodeJS.ErrnoException): undefined {
  if (failure.code !== 'ENOENT') throw failure
}

async function save(path: string, handed: Handed): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.writeFile(JSON.stringify(handedJson(handed)))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
  await syncFolder(dirname(path))
}
