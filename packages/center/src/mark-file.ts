/**
 * The mark in a file beside the vault: a line of JSON, replaced as a whole. Two processes of one machine may share it;
 * where both write at once the higher of two notes can be lost, and the next heartbeat brings it again.
 */
import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { object, parseJson, whole } from '@kozeni/protocol/json'
import { compareMarks, type Mark, type Marks } from './mark.ts'

const mark = object<Mark>({ epoch: whole, beat: whole })

/** @param path  of the file; its folder must exist */
export function fileMarks(path: string): Marks {
  const read = async (): Promise<Mark | undefined> => {
    const text = await readIfThere(path)
    if (text === undefined) return undefined
    const found = mark(parseJson(text))
    if (found === undefined) throw new Error(`${path} is no mark: put back the one that was there, or move it away`)
    return found
  }
  let last: Promise<unknown> = Promise.resolve()
  const note = async (higher: Mark): Promise<void> => {
    const before = await read()
    if (before === undefined || compareMarks(before, higher) < 0) await replace(path, higher)
  }
  return {
    read,
    note: ({ epoch, beat }) => {
      const noted = last.then(() => note({ epoch, beat }))
      last = noted.catch(() => undefined)
      return noted
    },
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** The old line or the new one stands, whatever happens. */
async function replace(path: string, line: Mark): Promise<void> {
  const draft = `${path}.${process.pid}`
  const file = await open(draft, 'w', 0o600)
  try {
    await file.writeFile(`${JSON.stringify(line)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, path)
  const folder = await open(dirname(path))
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
