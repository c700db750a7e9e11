/** The MACs of receipts under a vault's master keys; purses' keys are kept for as long as those are the same. */
import { type Bytes, equal } from '@kozeni/base/bytes'
import type { Crypto } from '@kozeni/protocol/crypto'
import { ReceiptMacs } from '@kozeni/protocol/receipt-macs'
import type { Receipts } from '@kozeni/protocol/receipts'

/** The master key of each version for receipts, the first for version 1; none of a revoked one. */
export type ReceiptMasters = ReadonlyArray<Bytes | undefined>

/** @returns 1 for each whose MAC is right */
export type RightMacs = (receipts: Receipts, masters: ReceiptMasters) => Uint8Array | Promise<Uint8Array>

/** Enough for an upload of a few; a thread that does nothing else keeps more. */
const KEYS = 256

/** Checks them here and now. @param keys  purses whose keys are kept, at most 65536 */
export function macsHere(crypto: Pick<Crypto, 'sha256'>, keys = KEYS): (...asked: Parameters<RightMacs>) => Uint8Array {
  let known: { readonly masters: ReceiptMasters; readonly macs: ReceiptMacs } | undefined
  return (receipts, masters) => {
    if (known === undefined || !areSame(known.masters, masters))
      known = { masters, macs: new ReceiptMacs(crypto, version => masters[version - 1], keys) }
    return known.macs.right(receipts)
  }
}

const areSame = (some: ReceiptMasters, others: ReceiptMasters): boolean =>
  some.length === others.length && some.every((one, i) => isSame(one, others[i]))

const isSame = (one: Bytes | undefined, other: Bytes | undefined): boolean =>
  one === undefined || other === undefined ? one === other : equal(one, other)
