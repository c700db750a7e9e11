/**
 * On-line pays at the handler's seam: the store's number is checked and the pay opened in one durable commit, and what the
 * chip answers is judged and the pay closed in another. What the chip and the network take is not in it.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { assert } from '@kozeni/base/assert'
import { currency } from '@kozeni/base/currency'
import { money, total } from '@kozeni/base/money'
import type { Book, Command, OperationRow } from '@kozeni/center/book'
import { judge } from '@kozeni/center/evidence'
import { openPayment } from '@kozeni/center/payment'
import { defaultPolicy } from '@kozeni/center/policy'
import type { Vault } from '@kozeni/center/vault'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { makeNumber, type TransactionNumber } from '@kozeni/protocol/number'
import { windowAt } from '@kozeni/protocol/seed'
import type { Transaction } from '@kozeni/protocol/transaction'
import { side, type Work } from './measure.ts'
import { purse, STORES, store } from './names.ts'
import { LOADED } from './receipts.ts'

/** A sale that a purse is to pay. */
export interface Sale {
  readonly by: number
  readonly transaction: Transaction
  readonly number: TransactionNumber
}

let sequence = 0

/**
 * @param hot  the part of all sales that one store has
 * @param by   which purse pays the sale of this number
 */
export function sales(vault: Vault, count: number, hot: number, by: (i: number) => number): Sale[] {
  const now = Math.floor(Date.now() / 1000)
  const seeds = new Map<number, Uint8Array>()
  return Array.from({ length: count }, (_, i) => {
    const at = i % 1000 < 1000 * hot ? 1 : 1 + (i % STORES)
    const place = { store: store(at), generation: 1, window: windowAt(now, defaultPolicy.windows.lengthSeconds) }
    const seed = seeds.get(at) ?? vault.seed(place)
    seeds.set(at, seed)
    const transaction: Transaction = {
      ...place,
      ...{ terminal: null, sequence: ++sequence, amount: money(100n), currency: currency('JPY'), time: now },
      ...{ expires: now + 3000, orderReference: 'bench', returnUrl: '' },
    }
    return { by: by(i), transaction, number: makeNumber(crypto, seed, transaction) }
  })
}

/**
 * Opens and closes each sale's pay. At a given pace each has taken from when it was due, so that what waits behind a slow
 * one is slow too, and those of the first second are not counted: whoever is asked for the first time after a pause is
 * slow. Else each has taken from when its client came to it.
 */
export function paying(
  work: string,
  { book, vault }: { readonly book: Book; readonly vault: Vault },
  due: readonly Sale[],
  clients: number,
  perSecond = Number.POSITIVE_INFINITY,
): Work {
  const means = { crypto, vault, policy: defaultPolicy }
  const uncounted = Number.isFinite(perSecond) ? perSecond : 0
  return {
    ...{ work, batch: 1, clients, units: due.length },
    run: took => {
      const pace = paced(perSecond)
      return side(clients, due.length, async i => {
        const sale = due[i]
        if (sale === undefined) return
        const begun = await pace(i)
        const opened = await book.run(openPayment(means, { purse: purse(sale.by), ...sale }))
        assert(opened.ok, opened.ok ? '' : opened.refusal.code)
        await book.run(closing(opened.value.operation))
        if (i >= uncounted) took(performance.now() - begun)
      })
    },
  }
}

/** Waits until the i-th is due. @returns when that was; now, where there is no pace to keep */
function paced(perSecond: number): (i: number) => Promise<number> {
  const started = performance.now()
  return async i => {
    const at = started + (1000 * i) / perSecond
    if (at - performance.now() > 1) await pause(at - performance.now())
    const now = performance.now()
    return Number.isFinite(perSecond) ? Math.min(at, now) : now
  }
}

/** The chip says that it has done it. */
export const closing = (open: OperationRow): Command<void> => ({
  keys: { purse: open.purse },
  decide: seen => {
    assert(seen.purse !== undefined, 'the purse is there')
    const { epoch, number, digest, amount } = open
    const { seenCredits, seenDebits, seenSeq } = seen.purse
    const said = { epoch, number, digest, amount, outcome: 'applied', flag: true, source: 'result' } as const
    const totals = { credits: seenCredits, debits: total(seenDebits + amount), seq: seenSeq }
    assert(seenCredits <= LOADED, 'as it was made')
    const { writes } = judge({ ...seen, purse: seen.purse }, { ...said, ...totals })
    return { answer: undefined, writes }
  },
})
