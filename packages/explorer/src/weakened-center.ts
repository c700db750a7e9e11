/** Centers that look right and are not: the product's commands, with what they see or write changed on the way. */
import type { Command, Decision, Seen, Write } from '@kozeni/center/book'
import type { collect } from '@kozeni/center/collect'
import type { hear, Said } from '@kozeni/center/contact'
import { comparePlaces } from '@kozeni/protocol/operation'

type Hear = typeof hear
type Collect = typeof collect

/** The same command, decided otherwise. */
const otherwise = <A>(command: Command<A>, decide: (seen: Seen) => Decision<A>): Command<A> => ({
  keys: command.keys,
  decide,
})

/** The center hears something else than the chip said. */
const mishearing =
  (product: Hear, misheard: (said: Said, seen: Seen) => Said): Hear =>
  (means, purse, token, said) =>
    otherwise(product(means, purse, token, said), seen =>
      product(
        means,
        purse,
        token,
        said.map(one => ({ ...one, ...misheard(one, seen) })),
      ).decide(seen),
    )

/** What the chip did is told from what it holds. */
export const byBalances = (product: Hear): Hear =>
  mishearing(product, (said, { open, purse }) => {
    if (open === undefined || purse === undefined || comparePlaces(said, open) !== 0 || !said.flag) return said
    const moved = open.kind === 'load' || open.kind === 'refund' ? open.amount : 0n - open.amount
    const expected = purse.credits - purse.debits + moved
    return { ...said, outcome: said.credits - said.debits === expected ? 'applied' : 'cancelled' }
  })

/** A place is an operation, whatever its digest. */
export const withoutDigest = (product: Hear): Hear =>
  mishearing(product, (said, { open }) =>
    open !== undefined && comparePlaces(said, open) === 0 ? { ...said, digest: open.digest } : said,
  )

/** As withoutDigest, for receipts. */
export const receiptsWithoutDigest =
  (product: Collect): Collect =>
  (purse, claims, judging) =>
    otherwise(product(purse, claims, judging), seen => {
      const { open } = seen
      const misread = claims.map(claim => {
        const { receipt } = claim.signed
        if (open === undefined || comparePlaces(receipt, open) !== 0) return claim
        return { ...claim, signed: { ...claim.signed, receipt: { ...receipt, digest: open.digest } } }
      })
      return product(purse, misread, judging).decide(seen)
    })

/** Whether a receipt is there already is not looked at: each upload is booked. */
export const eachUpload =
  (product: Collect): Collect =>
  (purse, claims, judging) =>
    otherwise(product(purse, claims, judging), seen => {
      if (claims.every(({ signed }) => !seen.receipts.has(signed.receipt.seq)))
        return product(purse, claims).decide(seen)
      const { answer, writes } = product(purse, claims).decide({ ...seen, receipts: new Map(), sales: new Map() })
      return { answer, writes: writes.filter(({ write }) => write !== 'receipt') }
    })

/** Only a timer ends a pay's session: a RESULT that is late is in time. */
export const sessionsByTimer =
  (product: Hear): Hear =>
  (...heard) =>
    otherwise(product(...heard), seen => {
      const { open } = seen
      if (open?.kind !== 'pay') return product(...heard).decide(seen)
      const { answer, writes } = product(...heard).decide({ ...seen, open: { ...open, sessionEnd: undefined } })
      return { answer, writes: writes.map(write => withSession(write, open.sessionEnd)) }
    })

const withSession = (write: Write, sessionEnd: number | undefined): Write =>
  write.write === 'operation' ? { write: 'operation', row: { ...write.row, sessionEnd } } : write

/** After a restore, what chips say is acted on as if nothing had happened. */
export const actsUnfenced =
  (product: Hear): Hear =>
  (...heard) =>
    otherwise(product(...heard), seen => {
      const { purse, present } = seen
      const epoch = Math.min(purse?.epoch ?? present.epoch, present.epoch)
      const blind = product(...heard).decide({ ...seen, present: { ...present, epoch } })
      return blind.writes.length > 0 ? blind : product(...heard).decide(seen)
    })
