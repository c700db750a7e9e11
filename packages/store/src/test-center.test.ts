/** Test mode is worth something only if it speaks as the real center does: the HTTP contract is the judge of both. */
import { isIdempotencyKey } from '@kozeni/api/route'
import {
  honouredReport,
  refund,
  refundRequest,
  seedWindows,
  statementList,
  storePayment,
} from '@kozeni/api/routes-store'
import { StillClock } from '@kozeni/base/clock'
import { currency } from '@kozeni/base/currency'
import { id, type StoreId } from '@kozeni/base/ids'
import { nobleCrypto } from '@kozeni/protocol/crypto-noble'
import { expect, test } from 'vitest'
import { memoryBook } from './book-memory.ts'
import type { Call, CallRequest } from './center-client.ts'
import { memoryChest } from './chest-memory.ts'
import { Seeds } from './seeds.ts'
import { Store } from './store.ts'
import { TEST_WEBHOOK_SECRET, TestCenter } from './test-center.ts'

const STORE = '0102030405060708'

const answers = [
  [/\/seeds$/, seedWindows],
  [/\/payments\//, storePayment],
  [/\/refunds$/, refund],
  [/\/statements$/, statementList],
] as const

const bodies = [
  [/\/refunds$/, refundRequest],
  [/\/honoured$/, honouredReport],
] as const

/** Everything that travels, held against the contract. */
function watched(call: Call, seen: CallRequest[]): Call {
  return async request => {
    seen.push(request)
    for (const [path, schema] of bodies)
      if (path.test(request.path)) schema.parse(JSON.parse(JSON.stringify(request.body)))
    const answer = await call(request)
    if (answer.ok) for (const [path, schema] of answers) if (path.test(request.path)) schema.parse(answer.value)
    return answer
  }
}

test('whatever the SDK asks and test mode answers is as the HTTP contract has it', async () => {
  const clock = new StillClock(1_793_500_000_000)
  const center = new TestCenter({ store: STORE, clock })
  const seen: CallRequest[] = []
  const store = new Store({
    id: id<StoreId>(STORE),
    currency: currency('JPY'),
    book: memoryBook(),
    seeds: await Seeds.open(memoryChest()),
    crypto: nobleCrypto,
    clock,
    call: watched(center.call, seen),
    webhookSecrets: [TEST_WEBHOOK_SECRET],
  })
  const [paid, unpaid, open] = [await sold(store), await sold(store), await sold(store)]
  center.pay(paid.link)
  center.decline(unpaid.link)
  for (const { number } of [paid, unpaid, open]) expect((await store.status(number)).ok).toBe(true)
  const order = { number: paid.number, amount: 700n, reason: 'returned', key: 'return slip 5, 返品' }
  expect((await store.refund(order)).ok).toBe(true)
  expect((await store.statements()).ok).toBe(true)
  center.restore()
  expect((await store.refreshSeeds()).ok).toBe(true)
  expect(center.reports).toHaveLength(1)
  const keys = seen.flatMap(({ key }) => key ?? [])
  expect(keys.map(isIdempotencyKey)).toEqual([true])
})

async function sold(store: Store) {
  const sale = await store.sell({ amount: 1200n })
  if (!sale.ok) throw new Error(sale.refusal.code)
  return sale.value
}
