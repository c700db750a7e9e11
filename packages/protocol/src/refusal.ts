/**
 * Every reason to say no, and how each leaves the building: on the chip's edge, over HTTP, and in the caller's retry
 * loop. A code names the state of the world. A new one does not compile until it has its way out.
 *
 * `retry`: `same` repeat as it is, later · `changed` mend the request first · `never` the answer is final.
 */

export interface Wire {
  /** ISO 7816-4, or 0 where no chip says it. */
  readonly statusWord: number
  readonly http: number
  readonly retry: 'same' | 'changed' | 'never'
  /** One plain sentence: what is so. */
  readonly title: string
  /** One plain sentence: what to do next. */
  readonly remedy: string
}

const REFUSALS = {
  // said by the chip
  'length-wrong': wire(
    0x6700,
    400,
    'changed',
    'The length is not that of any such message.',
    'Send the whole message.',
  ),
  'mac-wrong': wire(
    0x6988,
    422,
    'same',
    'The message was not made for this purse, or was changed on its way.',
    'Fetch the message again and deliver it unchanged.',
  ),
  'signature-wrong': wire(
    0x6982,
    401,
    'changed',
    'The signature does not fit what it should have signed.',
    'Sign again with the registered key.',
  ),
  'not-authenticated': wire(0x6985, 401, 'changed', 'Nobody has proved who is asking.', 'Introduce yourself first.'),
  'certificate-expired': wire(0x6984, 403, 'changed', 'The certificate has ended.', 'Go on-line and fetch a new one.'),
  'data-wrong': wire(
    0x6a80,
    400,
    'changed',
    'A field has a value that it cannot have.',
    'Mend the field that is named.',
  ),
  'not-found': wire(
    0x6a88,
    404,
    'never',
    'There is nothing of that name here.',
    'Check the name; what is not yours is not found either.',
  ),
  'instruction-unknown': wire(0x6d00, 404, 'never', 'There is no such instruction.', 'Read the API reference.'),
  'not-personalised': wire(
    0x6986,
    409,
    'same',
    'The program on this chip is nobody’s purse yet.',
    'Finish the installation.',
  ),
  'operation-unconfirmed': wire(
    0x9401,
    409,
    'same',
    'An earlier operation is not confirmed on the chip.',
    'Deliver its CONFIRM, then repeat.',
  ),
  'number-used': wire(
    0x9402,
    409,
    'never',
    'This operation number belongs to another operation, or is past.',
    'Ask for the operation’s state.',
  ),
  'balance-too-low': wire(0x9403, 409, 'changed', 'The chip holds less than that.', 'Load the purse, or take less.'),
  'maximum-exceeded': wire(0x9404, 409, 'changed', 'The chip may not hold that much.', 'Spend some, or load less.'),
  'debit-too-large': wire(0x9405, 409, 'changed', 'One debit may not be that large.', 'Pay on-line, or in parts.'),
  'online-required': wire(
    0x9406,
    409,
    'changed',
    'The purse has been off-line as often or as much as it may.',
    'Let it meet the center once.',
  ),
  'purse-blocked': wire(0x9407, 403, 'never', 'The purse is blocked.', 'Ask the issuer.'),
  'purse-frozen': wire(0x9408, 403, 'same', 'Its holder has frozen the purse.', 'Unfreeze it in the wallet.'),
  'pin-required': wire(0x9409, 403, 'changed', 'That amount wants the holder’s PIN.', 'Ask for the PIN and repeat.'),
  'pin-wrong': wire(0x63c0, 403, 'changed', 'That is not the PIN.', 'Try again; the tries left are named.'),
  'pin-blocked': wire(0x6983, 403, 'never', 'The PIN was wrong too often.', 'Ask the issuer to set it anew.'),
  'moved-on': wire(
    0x940a,
    409,
    'changed',
    'The chip has made other records since that was asked.',
    'Read the chip again; nothing was taken.',
  ),
  'sale-differs': wire(0x940b, 409, 'never', 'That sale number was used with other content.', 'Use a new sale number.'),
  'not-last': wire(
    0x940c,
    409,
    'never',
    'Only the chip’s last debit can be voided, by its own terminal.',
    'Order a refund.',
  ),
  'currency-differs': wire(0x940d, 409, 'changed', 'The purse holds another currency.', 'Use the purse’s currency.'),
  'counter-exhausted': wire(
    0x940e,
    409,
    'never',
    'A counter of the chip has reached its end.',
    'Move the value to a new purse.',
  ),
  'epoch-past': wire(
    0x940f,
    409,
    'never',
    'The message is from before the center was restored.',
    'Fetch the message again.',
  ),
  'settings-past': wire(0x9410, 409, 'never', 'The chip already has these settings or newer ones.', 'Nothing to do.'),
  'key-version-unknown': wire(
    0x9411,
    409,
    'never',
    'The chip has no key of that version, or no longer accepts it.',
    'Use a version that the chip has.',
  ),
  'chip-defective': wire(
    0x6581,
    410,
    'never',
    'The chip’s memory is damaged.',
    'Report the purse as lost; its value is paid out.',
  ),
  // said by the center
  'input-wrong': wire(
    0,
    400,
    'changed',
    'The request is not of the form that the API reference gives.',
    'Mend the field that is named.',
  ),
  'too-large': wire(0, 413, 'changed', 'The request is too large.', 'Send less at once.'),
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

function wire<R extends Wire['retry']>(statusWord: number, http: number, retry: R, title: string, remedy: string) {
  return { statusWord, http, retry, title, remedy }
}
