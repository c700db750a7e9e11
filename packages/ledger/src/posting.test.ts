import { currency } from '@kozeni/base/currency'
import { type AccountId, id, type LoadId, type OrderId, type PurseId, type StoreId } from '@kozeni/base/ids'
import { MONEY_MAX, money } from '@kozeni/base/money'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Account } from './account.ts'
import type { Entry } from './entry.ts'
import {
  captured,
  committed,
  debitsCollected,
  givenBack,
  opened,
  refundOrdered,
  settled,
  voided,
  voidsCollected,
} from './posting.ts'

const account = id<AccountId>('0000000000000009')
const purse = id<PurseId>('0000000000000001')
const store = id<StoreId>('0000000000000002')
const yen = { currency: currency('JPY'), at: 0 }
const amounts = fc.bigInt({ min: 1n, max: MONEY_MAX }).map(money)
const kinds = fc.constantFrom('load', 'pay', 'refund', 'sweep')

const name = (account: Account): string => ('owner' in account ? `${account.kind}:${account.owner}` : account.kind)

function balances(entries: readonly Entry[]): Map<string, bigint> {
  const sums = new Map<string, bigint>()
  const add = (account: Account, amount: bigint) => sums.set(name(account), (sums.get(name(account)) ?? 0n) + amount)
  for (const { debit, credit, amount } of entries) {
    add(debit, amount)
    add(credit, 0n - amount)
  }
  return sums
}

const settledDown = (entries: readonly Entry[]): string[] =>
  [...balances(entries)].filter(([, amount]) => amount !== 0n).map(([account, amount]) => `${account} ${amount}`)

test('whatever is posted, the book sums to zero', () => {
  fc.assert(
    fc.property(amounts, kinds, (amount, kind) => {
      const operation = { purse, account, epoch: 1, number: 1, kind, amount, store, ...yen }
      const entries = [
        ...opened(operation),
        ...committed(operation),
        debitsCollected({ batch: 9n, count: 2, amount, store, ...yen }),
      ]
      expect([...balances(entries).values()].reduce((a, b) => a + b, 0n)).toBe(0n)
    }),
  )
})

test('an operation that is voided leaves every account as it was', () => {
  fc.assert(
    fc.property(amounts, kinds, (amount, kind) => {
      const operation = { purse, account, epoch: 1, number: 1, kind, amount, store, ...yen }
      expect(settledDown([...opened(operation), ...voided(operation)])).toEqual([])
    }),
  )
})

test('a load moves the holder’s money from the provider onto the chip, and nothing stays on the way', () => {
  const load = { purse, load: id<LoadId>('0000000000000003'), amount: money(5000n), ...yen }
  const operation = { purse, account, epoch: 1, number: 1, kind: 'load' as const, amount: money(5000n), ...yen }
  expect(settledDown([captured(load), ...opened(operation), ...committed(operation)])).toEqual([
    'funding 5000',
    `purse-float:${purse} -5000`,
  ])
  expect(settledDown([captured(load), ...opened(operation), ...voided(operation), givenBack(load)])).toEqual([])
})

test('debits and their voids are worth nothing together, and each sum has its own name', () => {
  const batch = { batch: 4n, count: 2, amount: money(300n), store, ...yen }
  const pair = [debitsCollected(batch), voidsCollected(batch)]
  expect(settledDown(pair)).toEqual([])
  expect(new Set(pair.map(({ cause, first }) => `${cause} ${first}`)).size).toBe(2)
})

test('a refund is owed to the purse before any operation brings it', () => {
  const order = { purse, store, order: id<OrderId>('0000000000000009'), amount: money(120n), ...yen }
  expect(settledDown([refundOrdered(order)])).toEqual([`store-payable:${store} 120`, `in-transit:${purse} -120`])
})

test('a settlement pays out what the store is owed less the fee; parts of nothing are not posted', () => {
  const window = { store, window: 1n, fee: money(15n), net: money(985n), ...yen }
  expect(settled(window).map(({ cause, amount }) => `${cause} ${amount}`)).toEqual(['fee 15', 'paid-out 985'])
  expect(settled({ ...window, fee: money(0n), net: money(0n) })).toEqual([])
})
