import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { describe, expect, test } from 'vitest'
import { readEntry, writeEntry } from './entry.ts'
import { journalContract, someEntries } from './journal.contract.ts'
import type { Journal } from './journal.ts'
import { openFileJournal } from './journal-file.ts'
import { MemoryJournal } from './journal-memory.ts'

const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'kozeni-journal-'))

async function opened(path: string): Promise<Journal> {
  const journal = await openFileJournal(nodeCrypto, path)
  if (!journal.ok) throw new Error(journal.refusal.code)
  return journal.value
}

/** A closed journal of someEntries in a file. */
async function written(): Promise<{ path: string; content: Buffer }> {
  const path = join(await folder(), 'journal')
  const journal = await opened(path)
  for (const entry of someEntries) await journal.append(entry)
  await journal.close()
  return { path, content: await readFile(path) }
}

describe('in memory', () => {
  journalContract(nodeCrypto, async before => new MemoryJournal(nodeCrypto, before?.entries()))
})

describe('in a file', () => {
  let path: string
  journalContract(nodeCrypto, async before => {
    await before?.close()
    if (before === undefined) path = join(await folder(), 'journal')
    return opened(path)
  })

  test('power cut at any byte leaves every entry that was answered for, and room for the next', async () => {
    const { path: file, content } = await written()
    for (let size = 0; size <= content.length; size++) {
      const torn = content.subarray(0, size)
      await writeFile(file, torn)
      const journal = await opened(file)
      const whole = torn.toString().split('\n').length - 1
      expect(journal.entries().map(({ entry }) => entry)).toEqual(someEntries.slice(0, whole))
      await journal.append({ entry: 'uploaded', at: 20 })
      await journal.close()
      const again = await opened(file)
      expect(again.entries()).toHaveLength(whole + 1)
      await again.close()
    }
  }, 60_000)

  test('a last line that the disk filled with zeros is torn too', async () => {
    const { path: file, content } = await written()
    const end = content.lastIndexOf('\n', -2) + 1
    for (let from = end; from < content.length; from += 7) {
      await writeFile(file, Buffer.from(content).fill(0, from, Math.min(from + 5, content.length)))
      const journal = await opened(file)
      expect(journal.entries()).toHaveLength(someEntries.length - 1)
      await journal.close()
    }
  })

  test('a change to any byte of an entry that has others after it is refused, and names the place', async () => {
    const { path: file, content } = await written()
    const second = content.indexOf('\n') + 1
    for (let at = second; at < content.indexOf('\n', second); at++) {
      const changed = Buffer.from(content)
      changed[at] = (changed[at] ?? 0) ^ 1
      await writeFile(file, changed)
      expect(await openFileJournal(nodeCrypto, file)).toMatchObject({
        refusal: { code: 'journal-broken', facts: { position: 2 } },
      })
    }
  })

  test('an entry that was dropped, doubled or moved breaks the chain', async () => {
    const { path: file, content } = await written()
    const [a = '', b = '', c = '', d = ''] = content.toString().split('\n')
    for (const lines of [
      [b, c, d],
      [a, c, d],
      [a, b, b, c, d],
      [a, c, b, d],
    ]) {
      await writeFile(file, `${lines.join('\n')}\n`)
      expect(await openFileJournal(nodeCrypto, file)).toMatchObject({ refusal: { code: 'journal-broken' } })
    }
  })

  test('a second owner is refused while the first has it open', async () => {
    const { path: file } = await written()
    const first = await opened(file)
    expect(await openFileJournal(nodeCrypto, file)).toMatchObject({ refusal: { code: 'journal-in-use' } })
    await first.close()
    const next = await opened(file)
    await next.close()
  })
})

test('an entry with a field too many, too few or of another kind is no entry', () => {
  const [first] = someEntries
  if (first === undefined) throw new Error('there are some')
  const fields = JSON.parse(writeEntry(first))
  expect(readEntry(writeEntry(first))).toEqual(first)
  expect(readEntry(JSON.stringify({ ...fields, more: 1 }))).toBeUndefined()
  expect(readEntry(JSON.stringify({ ...fields, amount: undefined }))).toBeUndefined()
  expect(readEntry(JSON.stringify({ ...fields, amount: 120 }))).toBeUndefined()
  expect(readEntry(JSON.stringify({ ...fields, entry: 'toString' }))).toBeUndefined()
  expect(readEntry('null')).toBeUndefined()
})
