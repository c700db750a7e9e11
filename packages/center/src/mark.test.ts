import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { markContract } from './mark.contract.ts'
import { fileMarks } from './mark-file.ts'
import { memoryMarks } from './mark-memory.ts'

markContract('in memory', async () => {
  const marks = memoryMarks()
  return { open: () => marks, end: async () => {} }
})

const inFolder = async <A>(use: (folder: string) => Promise<A>): Promise<A> => {
  const folder = await mkdtemp(join(tmpdir(), 'kozeni-mark-'))
  return use(folder)
}

markContract('in a file', () =>
  inFolder(async folder => ({
    open: () => fileMarks(join(folder, 'mark.json')),
    end: () => rm(folder, { recursive: true }),
  })),
)

test('a file that is no mark is said to be none, and nothing is taken for granted', () =>
  inFolder(async folder => {
    const path = join(folder, 'mark.json')
    await writeFile(path, '{"epoch":"two"}')
    await expect(fileMarks(path).read()).rejects.toThrow('is no mark')
    await rm(folder, { recursive: true })
  }))
