/**
 * What a terminal does at a chip before it asks it for money: hands over its mail, and looks whether the chip was debited
 * for a sale that was not given (D-5). Pure; each is one command, and its answer an entry of the journal.
 */
import { type Bytes, bigEndian } from '@kozeni/base/bytes'
import { decodeResponse, encodeCommand } from '@kozeni/protocol/apdu'
import { answers, readReceipt } from '@kozeni/protocol/debit'
import { INS, purseCommand } from '@kozeni/protocol/purse'
import { type Card, type Self, SUCCESS } from './card.ts'
import type { Entry } from './entry.ts'
import { answerEntry, mailFor } from './mail.ts'
import type { Till } from './till.ts'

export type Errand =
  | { readonly errand: 'hand-over'; readonly message: Bytes }
  | { readonly errand: 'look-for'; readonly sale: number }

/** A purse remembers so many debits and voids (C-2). */
export const RING = 20

/** All that is to be done at this chip, in this order. @spec F-9, D-5 */
export function errandsAt(till: Till, { purse, seq }: Card): readonly Errand[] {
  const mail = mailFor(till, purse).map((message): Errand => ({ errand: 'hand-over', message }))
  const withheld = [...till.withheld].filter(number => {
    const sale = till.sales.get(number)
    if (sale?.asked?.request.purse !== purse || sale.receipt !== undefined) return false
    return seq - sale.asked.request.seq <= RING // else the chip has forgotten it
  })
  return [...mail, ...withheld.map((sale): Errand => ({ errand: 'look-for', sale }))]
}

/** The command that does it. */
export const commandFor = (errand: Errand): Bytes =>
  encodeCommand(
    errand.errand === 'hand-over'
      ? purseCommand(INS.message, errand.message)
      : purseCommand(INS.readReceipt, bigEndian(errand.sale, 4)),
  )

/** What the chip's answer makes the terminal know; nothing where it knows that already, or the chip says that it has none. */
export function entryOf(
  self: Self,
  till: Till,
  card: Card,
  errand: Errand,
  answer: Bytes,
  at: number,
): Entry | undefined {
  return errand.errand === 'hand-over'
    ? answerEntry(till, card.purse, answer, at)
    : foundEntry(self, till, card, errand.sale, answer, at)
}

/** The chip's own receipt of the very request that was journaled. */
function foundEntry(
  { crypto }: Self,
  till: Till,
  card: Card,
  sale: number,
  response: Bytes,
  at: number,
): Entry | undefined {
  const answer = decodeResponse(response)
  const signed = answer?.statusWord === SUCCESS ? readReceipt(answer.data) : undefined
  const request = till.sales.get(sale)?.asked?.request
  if (answer === undefined || signed === undefined || request === undefined) return undefined
  const proved = answers(request, signed.receipt) && crypto.verify(card.publicKey, signed.body, signed.signature)
  return proved ? { entry: 'found', at, sale, receipt: answer.data } : undefined
}
