import { fork } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bookContract } from './book.contract.ts'
import { openFileBook } from './book-file.ts'
import { LogBook } from './book-log.ts'
import { memoryBook } from './book-memory.ts'
import { offerOf, PAID } from './offers.contract.ts'

const freshPath = (): string => join(mkdtempSync(join(tmpdir(), 'kozeni-book-')), 'book.jsonl')

bookContract('memory', async () => memoryBook())
bookContract('file', () => openFileBook(freshPath()))

test('a book that is opened again is the same book', async () => {
  const path = freshPath()
  const book = await openFileBook(path)
  const [paid, open] = [await book.sell(offerOf), await book.sell(offerOf)]
  await book.decide(paid.number, PAID)
  await book.raise({ floor: 3 })
  await book.close()

  const again = await openFileBook(path)
  expect(await again.find(paid.number)).toMatchObject({ state: 'paid', decision: PAID, given: false })
  expect(await again.find(open.number)).toEqual(open)
  expect(await again.owed()).toHaveLength(1)
  expect(await again.epochs()).toEqual({ floor: 3, reported: 0 })
  expect((await again.sell(offerOf)).transaction.sequence).toBe(3)
  await again.close()
})

test('a last line torn at any byte was told to nobody, and is gone', async () => {
  const path = freshPath()
  const book = await openFileBook(path)
  await book.sell(offerOf)
  await book.close()
  const whole = readFileSync(path)
  for (let cut = 0; cut < whole.length; cut += 7) {
    writeFileSync(path, Buffer.concat([whole, whole.subarray(0, cut)]))
    const again = await openFileBook(path)
    expect((await again.sell(offerOf)).transaction.sequence).toBe(2)
    await again.close()
  }
})

test('a damaged line in the middle stops the store, and is named', async () => {
  const path = freshPath()
  const book = await openFileBook(path)
  await book.sell(offerOf)
  await book.close()
  appendFileSync(path, '{"entry":"decided"}\n')
  await expect(openFileBook(path)).rejects.toThrow('line 2')
})

test('a second process is kept out while the first lives', async () => {
  const path = freshPath()
  const book = await openFileBook(path)
  await expect(openFileBook(path)).rejects.toThrow('one process at a time')
  await expect(openFileBook(path)).rejects.toThrow(String(process.pid))
  await book.close()
  await (await openFileBook(path)).close()
})

test('a dead process’s lock is taken over, by one of those who want it at once', async () => {
  for (const dead of ['4194303', '', `${process.pid} another-boot 1`, 'nonsense']) {
    const path = freshPath()
    mkdirSync(`${path}.lock`)
    writeFileSync(`${path}.lock/1`, dead)
    const opened = await Promise.allSettled(Array.from({ length: 20 }, () => openFileBook(path)))
    const books = opened.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []))
    expect(books).toHaveLength(1)
    for (const book of books) await book.close()
  }
})

test('once the disk has failed the book says nothing more, however often it is asked', async () => {
  let working = true
  const failing = {
    append: () => {},
    settled: async () => {
      if (!working) throw new Error('disk full')
    },
    close: async () => {},
  }
  const book = new LogBook(failing, [])
  const sale = await book.sell(offerOf)
  working = false
  await expect(book.decide(sale.number, PAID)).rejects.toThrow('disk full')
  await expect(book.decide(sale.number, PAID)).rejects.toThrow('disk full')
  await expect(book.find(sale.number)).rejects.toThrow('disk full')
})

/** Sells and honours without end, and tells each sale's number only when the book has answered. */
const SELLER = `
  import { openFileBook } from ${JSON.stringify(join(import.meta.dirname, 'book-file.ts'))}
  import { offerOf, PAID } from ${JSON.stringify(join(import.meta.dirname, 'offers.contract.ts'))}
  const book = await openFileBook(process.argv[2])
  for (;;) await Promise.all(Array.from({ length: 8 }, async () => {
    const sale = await book.sell(offerOf)
    const settled = await book.decide(sale.number, PAID)
    process.send([sale.number, settled.value.handOver])
  }))
`

test('after kill -9 at any moment, every sale that was told is in the book, and none is handed over twice', async () => {
  const path = freshPath()
  const program = `${path}.mjs`
  writeFileSync(program, SELLER)
  const told = new Set<string>()
  for (let life = 0; life < 5; life++) {
    const child = fork(program, [path], { execArgv: [] })
    child.on('message', (message: [string, boolean]) => {
      expect(message[1]).toBe(true)
      expect(told.has(message[0])).toBe(false)
      told.add(message[0])
    })
    await once(child, 'message')
    await new Promise(resolve => setTimeout(resolve, 20 + 13 * life))
    child.kill('SIGKILL')
    await once(child, 'close')
  }
  const book = await openFileBook(path)
  const decided = await book.decided()
  expect(decided.length).toBeGreaterThanOrEqual(told.size)
  for (const sale of decided) told.delete(sale.number)
  expect(told.size).toBe(0)
  for (const sale of decided)
    expect(await book.decide(sale.number, PAID)).toMatchObject({ ok: true, value: { handOver: false } })
  await book.close()
})
