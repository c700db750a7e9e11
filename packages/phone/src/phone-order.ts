/**
 * A holder's orders as text, one row each: what a control over HTTP, a command line or a screen sends to a phone. Bytes
 * are hexadecimal, amounts plain digits, both ways.
 */
import type { AccountId, LoadId, PurseId } from '@kozeni/base/ids'
import { no, type Result } from '@kozeni/base/result'
import {
  amountText,
  hexText,
  idText,
  optional,
  type Reader,
  type Readers,
  readObject,
  string,
} from '@kozeni/protocol/json'
import { readPayLink } from '@kozeni/protocol/paylink'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { Phone } from './phone.ts'

type Obey = (phone: Phone, input: object) => Promise<Result<unknown, Refusal>>

/** An order with the fields it takes; others are ignored. */
const order =
  <T extends object>(readers: Readers<T>, work: (phone: Phone, input: T) => Promise<Result<unknown, Refusal>>): Obey =>
  async (phone, input) => {
    const read = readObject<T>(input, readers)
    return read.ok ? await work(phone, read.value) : read
  }

const yesOrNo: Reader<boolean> = value => (typeof value === 'boolean' ? value : undefined)

const count: Reader<number> = value => {
  const text = value === undefined ? '20' : value
  return typeof text === 'string' && /^[1-9]\d?$/.test(text) ? Number(text) : undefined
}

const ORDERS: Readonly<Record<string, Obey>> = {
  'POST /register': order(
    { account: optional(idText<AccountId>), secret: optional(string) },
    (phone, { account, secret }) =>
      phone.register(account === null || secret === null ? undefined : { account, secret }),
  ),
  'POST /install': order({}, phone => phone.install()),
  'POST /load': order(
    { amount: amountText, method: string, inParts: optional(yesOrNo) },
    (phone, { inParts, ...asked }) => phone.load({ ...asked, ...(inParts && { inParts }) }),
  ),
  'POST /cancel': order({ load: idText<LoadId> }, (phone, { load }) => phone.cancelLoad(load)),
  'POST /move': order({ from: optional(idText<PurseId>), to: optional(idText<PurseId>) }, (phone, { from, to }) =>
    phone.move({ from: from ?? undefined, to: to ?? undefined }),
  ),
  // what the holder is to be shown before the next order
  'POST /read': order({ link: string }, async (_, { link }) => readPayLink(link)),
  // whoever sends this has shown the holder what /read says
  'POST /pay': order({ link: string, pin: optional(string) }, (phone, { link, pin }) =>
    phone.pay(link, async () => ({ agreed: true, pin: pin ?? undefined })),
  ),
  'POST /contact': order({}, phone => phone.contact()),
  'POST /recover': order({}, phone => phone.recover()),
  'POST /freeze': order({ frozen: yesOrNo }, (phone, { frozen }) => phone.freeze(frozen)),
  'POST /set-pin': order({ next: string, now: optional(string) }, (phone, { next, now }) =>
    phone.setPin(next, now ?? undefined),
  ),
  'POST /verify-pin': order({ pin: string, digest: hexText(32) }, (phone, entry) => phone.verifyPin(entry)),
  'GET /show': order({}, phone => phone.show()),
  'GET /history': order({ count }, (phone, asked) => phone.history(asked.count)),
}

/**
 * Does what is ordered: method and path in one word, and the fields.
 *
 * @refuses not-found (no such order) · data-wrong, naming the field · what the phone refuses
 */
export async function obey(phone: Phone, named: string, input: object): Promise<Result<unknown, Refusal>> {
  return Object.hasOwn(ORDERS, named) && ORDERS[named] !== undefined
    ? await ORDERS[named](phone, input)
    : no(refusal('not-found', { order: named.slice(0, 60) }))
}
