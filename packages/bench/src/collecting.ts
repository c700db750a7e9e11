/** Collection: uploads of terminals are taken in whole, from their bytes to the answers, MACs and durable booking included. */
import { assert } from '@kozeni/base/assert'
import type { Dice } from '@kozeni/base/dice'
import type { Book } from '@kozeni/center/book'
import type { Marks } from '@kozeni/center/mark'
import { defaultPolicy } from '@kozeni/center/policy'
import { takeIn } from '@kozeni/center/take-in'
import type { Vault } from '@kozeni/center/vault'
import { nodeCrypto as crypto, verifyAside } from '@kozeni/protocol/crypto-node'
import { side, type Work } from './measure.ts'
import { UPLOAD, type Upload } from './receipts.ts'

/** A bench restores nothing. */
const NO_MARKS: Marks = { read: async () => undefined, note: async () => undefined }

/** Of each upload the first receipt has its signature looked at. */
const FIRST: Dice = { bytes: count => new Uint8Array(count) }

const PLACES = Array.from({ length: UPLOAD }, () => ({ position: 1, hotlist: 0 }))

/** @param clients  terminals that upload at once */
export function collecting(
  work: string,
  { book, vault }: { readonly book: Book; readonly vault: Vault },
  uploads: readonly Upload[],
  clients: number,
): Work {
  const means = { book, vault, crypto, verifyAside, marks: NO_MARKS, policy: defaultPolicy, dice: FIRST }
  return {
    work,
    batch: UPLOAD,
    clients,
    units: uploads.length * UPLOAD,
    run: took =>
      side(clients, uploads.length, async i => {
        const upload = uploads[i]
        if (upload === undefined) return
        const begun = performance.now()
        const taken = await takeIn(means, upload.terminal, upload.receipts, PLACES)
        took(performance.now() - begun)
        assert(
          taken.every(({ collected }) => collected.standing === 'booked'),
          'every receipt is booked',
        )
      }),
  }
}
