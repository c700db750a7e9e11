/**
 * Every reason to say no, and how each leaves the building: on the chip's edge, over HTTP, and in the caller's retry
 * loop. A code names the state of the world. A new one does not compile until it has its way out.
 */
import { CHIP_REFUSALS } from './refusal-chip.ts'
import { type Wire, wire } from './refusal-wire.ts'

const REFUSALS = {
  ...CHIP_REFUSALS,
  // said by the center
  'input-wrong': wire(
    0,
    400,
    'changed',
    'The request is not of the form that the API reference gives.',
    'Mend the field that is named.',
  ),
  'too-large': wire(0, 413, 'changed', 'The request is too large.', 'Send less at once.'),
  'method-wrong': wire(0, 405, 'changed', 'That is not done by this method.', 'Use one that the header Allow names.'),
  'media-type-wrong': wire(
    0,
    415,
    'changed',
    'The body is not of a media type that is understood here.',
    'Send application/json.',
  ),
  'clock-differs': wire(
    0,
    401,
    'changed',
    'The request was signed at another time than now.',
    'Set your clock by the Date header of this answer, then sign again.',
  ),
  'caller-unknown': wire(
    0,
    401,
    'changed',
    'No caller of that name and key is registered.',
    'Register, or check the key.',
  ),
  'caller-not-allowed': wire(
    0,
    403,
    'never',
    'This kind of caller may not do that.',
    'Ask as the one whose right it is.',
  ),
  'key-reused': wire(
    0,
    422,
    'never',
    'That idempotency key came before with another body.',
    'Use a new key for a new request.',
  ),
  'in-progress': wire(
    0,
    409,
    'same',
    'The first request under this idempotency key is still being worked on.',
    'Repeat it in a second.',
  ),
  'purse-unfenced': wire(
    0,
    409,
    'same',
    'The center was restored from a backup, and this purse has not met it since.',
    'Let the purse’s chip meet the center once, then repeat.',
  ),
  'epoch-unheard-of': wire(
    0,
    409,
    'never',
    'No restore can have begun the epoch that is spoken of.',
    'Ask the issuer: either this is another center, or the epoch was not told by it.',
  ),
  'purse-not-lost': wire(
    0,
    409,
    'never',
    'The purse is not reported lost.',
    'Report it first; or nothing is to be done.',
  ),
  'lost-too-soon': wire(
    0,
    409,
    'same',
    'Tills may still bring what the lost purse has paid.',
    'Wait until the time that is named.',
  ),
  'store-unfenced': wire(
    0,
    409,
    'same',
    'The sale may have been paid before the center was restored, and its store has not said so yet.',
    'Wait until the store’s server has met the center, then repeat.',
  ),
  'same-operator': wire(
    0,
    403,
    'never',
    'Who proposed it cannot confirm it.',
    'Let another operator read and confirm it.',
  ),
  'proposal-ended': wire(
    0,
    409,
    'never',
    'The proposal was confirmed or withdrawn before.',
    'Propose anew if it is still to be done.',
  ),
  'nothing-to-decide': wire(
    0,
    409,
    'never',
    'There is no such operation that waits for people.',
    'Look at the list again; it may have settled itself.',
  ),
  'evidence-against': wire(
    0,
    409,
    'changed',
    'What the chip, the store or the provider has shown says otherwise.',
    'Decide within what is shown; the check that is named says which.',
  ),
  'operation-open': wire(
    0,
    409,
    'same',
    'The purse has an operation that is not closed.',
    'Let the purse meet the center; then repeat.',
  ),
  'purse-retired': wire(0, 410, 'never', 'The purse is retired for ever.', 'Use the purse that replaced it.'),
  'purse-not-active': wire(0, 409, 'same', 'The purse is not active yet.', 'Finish the installation.'),
  'chip-unknown': wire(0, 404, 'never', 'No foundry has reported a chip of that name.', 'Check the chip’s name.'),
  'chip-taken': wire(0, 409, 'never', 'The chip is already someone’s purse.', 'Use another chip.'),
  'install-stale': wire(
    0,
    409,
    'changed',
    'The chip is at another step of its installation.',
    'Start the contact again; it resumes by itself.',
  ),
  'token-wrong': wire(
    0,
    400,
    'changed',
    'The contact’s token is not one of ours, or has ended.',
    'Start a new contact.',
  ),
  'transaction-altered': wire(
    0,
    422,
    'never',
    'The transaction number does not belong to this transaction.',
    'Fetch the sale again from the store.',
  ),
  'window-closed': wire(0, 410, 'never', 'The transaction number’s time is over.', 'Ask the store for a new number.'),
  'sale-expired': wire(0, 410, 'never', 'The sale has expired.', 'Ask the store for a new number.'),
  'transaction-used': wire(0, 409, 'never', 'The transaction number has been used.', 'Ask the store for a new number.'),
  'store-unknown': wire(0, 404, 'never', 'No such store is affiliated.', 'Check the store’s name.'),
  'funding-declined': wire(0, 402, 'changed', 'The card provider declined.', 'Use another means of payment.'),
  'funding-unknown': wire(
    0,
    503,
    'same',
    'The card provider has not told yet whether it took the money.',
    'Wait; it is asked again, and nothing is lost.',
  ),
  'load-too-late': wire(
    0,
    409,
    'never',
    'The load has already reached the chip.',
    'Nothing to do: the value is there.',
  ),
  'refund-too-large': wire(
    0,
    409,
    'changed',
    'The refund is more than what is left of the sale.',
    'Refund at most what is left.',
  ),
  busy: wire(0, 503, 'same', 'The center has more to do than it can.', 'Repeat after the time in Retry-After.'),
  'center-unreachable': wire(
    0,
    503,
    'same',
    'The center does not answer.',
    'Check the network; nothing is lost, repeat later.',
  ),
  // said by the phone
  'center-garbled': wire(
    0,
    502,
    'same',
    'What answered is not what a center says.',
    'Check the center’s address and the version of this program; nothing is lost, repeat later.',
  ),
  'chip-absent': wire(0, 409, 'same', 'There is no chip here.', 'Hold the chip to the phone, then repeat.'),
  'chip-gone': wire(
    0,
    409,
    'same',
    'The chip was gone before it answered.',
    'Hold the chip to the phone again; whatever it did, a new contact finishes it.',
  ),
  'chip-differs': wire(0, 409, 'changed', 'This chip is not the purse that was meant.', 'Use the purse’s own chip.'),
  'holder-declined': wire(0, 403, 'changed', 'The holder did not agree.', 'Nothing was paid; ask the holder again.'),
  // said by the terminal
  'certificate-wrong': wire(0, 403, 'never', 'The chip is no purse of this issuer.', 'Use another purse.'),
  'purse-listed': wire(0, 403, 'never', 'The purse is on the list of blocked purses.', 'Ask the issuer.'),
  'seq-fell': wire(
    0,
    403,
    'never',
    'The chip counts from before its last sale here: it was copied or set back.',
    'Take no payment from it; report the purse to the issuer.',
  ),
  'receipt-wrong': wire(
    0,
    409,
    'same',
    'What the chip showed is not the receipt of this sale.',
    'Tap again; if it stays so, mark the sale as not given.',
  ),
  'sale-too-large': wire(
    0,
    409,
    'changed',
    'One sale without the center may not be that large.',
    'Take less, or take it on-line.',
  ),
  'purse-cap-reached': wire(
    0,
    409,
    'changed',
    'This terminal may not take more from this purse before its next upload.',
    'Upload, or take less.',
  ),
  'upload-due': wire(0, 409, 'same', 'What is not uploaded has reached its limit.', 'Go on-line and upload.'),
  'offline-too-long': wire(0, 409, 'same', 'The terminal has been off-line for too long.', 'Go on-line and upload.'),
  'hotlist-too-old': wire(0, 409, 'same', 'The list of blocked purses is too old.', 'Go on-line and upload.'),
  'clock-doubted': wire(
    0,
    409,
    'same',
    'The terminal’s clock runs behind what has already happened.',
    'Set the clock, then go on-line and upload.',
  ),
  'terminal-not-certified': wire(
    0,
    409,
    'same',
    'The terminal has no certificate that is valid now.',
    'Register its public key at the center, then go on-line and upload.',
  ),
  'terminal-busy': wire(0, 409, 'same', 'The terminal is in the middle of something else.', 'Finish that first.'),
  'sale-unresolved': wire(
    0,
    409,
    'same',
    'An earlier sale may or may not have been paid.',
    'Let its purse tap again, or mark it as not given.',
  ),
  'sale-final': wire(0, 409, 'never', 'That sale has ended and stays as it is.', 'Start a new sale.'),
  'sale-offered': wire(
    0,
    409,
    'never',
    'The sale has been offered to the center and cannot be voided any more.',
    'Order a refund.',
  ),
  'journal-broken': wire(
    0,
    500,
    'never',
    'The terminal’s journal was damaged or changed.',
    'Keep the file for the issuer; set the terminal up anew, with a new key.',
  ),
  'journal-in-use': wire(
    0,
    409,
    'same',
    'Another process has the terminal’s journal open.',
    'End the other process first.',
  ),
} as const satisfies Record<string, Wire>

export type RefusalCode = keyof typeof REFUSALS

/** The table that every edge reads, and docs/spec/refusals.md is made from. */
export const WIRE: Readonly<Record<RefusalCode, Wire>> = REFUSALS

/** A no, with the facts that the listener needs to act on it; never a secret. */
export interface Refusal {
  readonly code: RefusalCode
  readonly facts: Readonly<Record<string, string | number | boolean>>
}

/** No, because of `code`. */
export const refusal = (code: RefusalCode, facts: Refusal['facts'] = {}): Refusal => ({ code, facts })

/** A refusal with what it says to people, for JSON. */
export function refusalText({ code, facts }: Refusal) {
  const { title, remedy } = WIRE[code]
  return { code, facts, title, remedy }
}

const byStatusWord = new Map<number, RefusalCode>(
  (Object.keys(REFUSALS) as RefusalCode[])
    .filter(code => REFUSALS[code].statusWord !== 0)
    .map(code => [REFUSALS[code].statusWord, code]),
)

/** What a chip means by a status word other than 9000: undefined for one that no purse says. */
export const refusalOf = (statusWord: number): RefusalCode | undefined =>
  byStatusWord.get((statusWord & 0xfff0) === 0x63c0 ? 0x63c0 : statusWord)
