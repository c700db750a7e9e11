import { expect, test } from 'vitest'
import { Thread } from './thread.ts'

const running = (code: string): URL => new URL(`data:text/javascript,${encodeURIComponent(code)}`)
const port = 'import { parentPort, workerData } from "node:worker_threads";'

test('a thread answers in the order in which it is asked, with what it was given', async () => {
  const main = running(
    `${port} parentPort.on('message', m => m === 'end' ? parentPort.close() : parentPort.postMessage(m.asked + workerData))`,
  )
  const thread = new Thread<number, number>(main, 100)
  const numbers = Array.from({ length: 100 }, (_, i) => i)
  expect(await Promise.all(numbers.map(i => thread.ask(i)))).toEqual(numbers.map(i => 100 + i))
  await thread.end()
  expect(thread.isAlive).toBe(false)
  await thread.end()
})

test('whoever waits for a thread that breaks is told so, and nobody waits for ever', async () => {
  const thread = new Thread<number, number>(
    running(`${port} parentPort.on('message', () => { throw new Error('broken') })`),
  )
  const asked = await Promise.allSettled([thread.ask(1), thread.ask(2)])
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(thread.isAlive).toBe(false)
})
