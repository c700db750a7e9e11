/** Offers and decisions for books to keep: loadable by a process that runs no tests. */
import { currency } from '@kozeni/base/currency'
import { id, type StoreId } from '@kozeni/base/ids'
import { money } from '@kozeni/base/money'
import { nobleCrypto } from '@kozeni/protocol/crypto-noble'
import { makeNumber } from '@kozeni/protocol/number'
import type { Offer } from '@kozeni/protocol/paylink'
import type { Decision } from './sale.ts'

const SEED = new Uint8Array(32)
export const PAID: Decision = { verdict: 'paid', operation: '0'.repeat(32), epoch: 1, proof: 'p' }

/** The offer that a store would make of this sequence. */
export function offerOf(sequence: number): Offer {
  const transaction = {
    store: id<StoreId>('0102030405060708'),
    terminal: null,
    sequence,
    amount: money(1200n),
    currency: currency('JPY'),
    time: 1_793_500_000,
    expires: 1_793_500_900,
    orderReference: `A-${sequence}`,
    returnUrl: '',
    generation: 1,
    window: 20_758,
  }
  return { transaction, number: makeNumber(nobleCrypto, SEED, transaction) }
}
