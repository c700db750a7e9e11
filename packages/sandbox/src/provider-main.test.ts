import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import Stripe from 'stripe'
import { afterAll, afterEach, expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('./provider-main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'kozeni-provider-'))
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function start(...options: string[]) {
  const child = spawn(process.execPath, [MAIN, ...options], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const ended = once(child, 'exit')
  const [line] = await once(createInterface(child.stdout), 'line')
  const { listening } = JSON.parse(String(line)) as { listening: number }
  const stripe = new Stripe('sk_test_1', { host: '127.0.0.1', port: listening, protocol: 'http', telemetry: false })
  return { child, ended, stripe }
}

const pay = { amount: 2000, currency: 'jpy', confirm: true, payment_method: 'pm_card_visa' } as const

test('what was answered survives kill -9, a torn line after it does not, and the key still holds', async () => {
  const data = join(folder, 'provider.journal')
  const first = await start('--data', data)
  const paid = await first.stripe.paymentIntents.create(pay, { idempotencyKey: 'load-1' })
  first.child.kill('SIGKILL')
  await first.ended
  appendFileSync(data, '[{"write":"intent","inte')
  const second = await start('--data', data)
  expect(await second.stripe.paymentIntents.retrieve(paid.id)).toEqual(paid)
  const replayed = await second.stripe.paymentIntents.create(pay, { idempotencyKey: 'load-1' })
  expect(replayed.id).toBe(paid.id)
  expect((await second.stripe.paymentIntents.create(pay)).id).not.toBe(paid.id)
  second.child.kill('SIGKILL')
  await second.ended
  const third = await start('--data', data)
  expect((await third.stripe.paymentIntents.list()).data).toHaveLength(2)
}, 20_000)

test('it ends cleanly when told to, and with its parent', async () => {
  const told = await start()
  told.child.kill('SIGTERM')
  expect(await told.ended).toEqual([0, null])
  const orphan = await start('--with-parent')
  orphan.child.stdin?.end()
  expect(await orphan.ended).toEqual([0, null])
}, 20_000)
