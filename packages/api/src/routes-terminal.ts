/** What tills bring and fetch when they are on-line: receipts up; certificate, keys, limits and hotlist down. */
import { TERMINAL_CERTIFICATE_BYTES } from '@kozeni/protocol/certificate'
import { SHA256_BYTES, SIGNATURE_BYTES } from '@kozeni/protocol/crypto'
import { z } from 'zod'
import { purse, store, terminal } from './name.ts'
import type { Route } from './route.ts'
import { amount, bytes, currency, naming, point, refusalCode, time, whole } from './schema.ts'

/** More than a signed receipt has, so that one broken one is answered on its own and does not hold up the others. */
const RECEIPT_BYTES = 512
const RECEIPTS = 500
const NOT_GIVEN = 500
const HOTLIST_ENTRIES = 10_000

export const hash = bytes(SHA256_BYTES, SHA256_BYTES)

const notGiven = naming(
  'NotGiven',
  'The till’s final word that the goods of one torn sale were not and will never be given: should the chip prove to have ' +
    'been debited at this seq, the holder gets it back.',
  z.strictObject({ sale: whole, purse, seq: whole }),
  { sale: 7, purse: '5f3a91c07be2d846', seq: 12 },
)

const uploadedReceipt = naming(
  'UploadedReceipt',
  'A receipt as the chip made it; where it stands in the terminal’s journal, and the version of the hotlist that was ' +
    'accepted before it (0 for none). Should its purse be blocked, that says whose loss it is.',
  z.strictObject({ receipt: bytes(1, RECEIPT_BYTES), position: whole, hotlist: whole }),
)

export const receiptUpload = naming(
  'ReceiptUpload',
  'Signed receipts as the chips made them, and where the terminal’s hash-chained journal stands.',
  z.strictObject({
    receipts: z.array(uploadedReceipt).max(RECEIPTS),
    journal: z.strictObject({ position: whole, hash }).optional(),
    offlineSince: time.optional(),
    notGiven: z.array(notGiven).max(NOT_GIVEN).optional(),
  }),
  { receipts: [], offlineSince: '2026-04-01T09:30:00.000Z' },
)

export const receiptAnswer = naming(
  'ReceiptAnswer',
  'What became of one receipt. Without purse and seq: it could not be read. Keep it until it is final.',
  z.object({
    purse: purse.optional(),
    seq: whole.optional(),
    standing: z.enum(['booked', 'already-booked', 'held', 'refused']),
    code: refusalCode.optional(),
    /** Settled for good: the terminal may forget it. */
    final: z.boolean(),
  }),
  { purse: '5f3a91c07be2d846', seq: 12, standing: 'booked', final: false },
)

export const receiptAnswers = naming(
  'ReceiptAnswers',
  'One answer a receipt, in the order in which they came; and the newest hotlist there is.',
  z.object({
    answers: z.array(receiptAnswer).max(RECEIPTS),
    /** For each sale that was not given. Noted: no debit of it is known. Nothing: the chip has proved that there was none. */
    notGiven: z
      .array(z.object({ sale: whole, standing: z.enum(['noted', 'refunded', 'nothing']), final: z.boolean() }))
      .max(NOT_GIVEN),
    hotlist: z.object({ version: whole }),
  }),
)

export const uploadReceipts = {
  name: 'uploadReceipts',
  method: 'POST',
  path: '/v1/receipts',
  caller: ['terminal'],
  body: receiptUpload,
  answer: receiptAnswers,
  refuses: [],
  summary: 'Collect a terminal’s receipts',
  description:
    'In any order, any number of times: each is booked once. Every receipt is answered on its own; one that is refused ' +
    'does not hold up the others. An upload without receipts tells that the terminal is alive.',
  idempotent: 'by-nature',
} as const satisfies Route

export const hotlistEntry = naming(
  'HotlistEntry',
  'A purse or a terminal that was put on the list or taken off it.',
  z.discriminatedUnion('subject', [
    z.object({ subject: z.literal('purse'), purse, listed: z.boolean() }),
    z.object({ subject: z.literal('terminal'), terminal, listed: z.boolean() }),
  ]),
)

export const hotlist = naming(
  'Hotlist',
  'What changed after the version `since`; the whole list when `since` is 0.',
  z.object({
    version: whole,
    since: whole,
    at: time,
    entries: z.array(hotlistEntry).max(HOTLIST_ENTRIES),
    signature: bytes(SIGNATURE_BYTES, SIGNATURE_BYTES).optional(),
  }),
)

export const terminalLimits = naming(
  'TerminalLimits',
  'What a till may risk while it is alone (D-7). Amounts in minor units.',
  z.object({
    perSale: amount,
    perPurse: amount,
    unuploaded: amount,
    maxOfflineSeconds: whole,
    hotlistAgeSeconds: whole,
    clockDoubtSeconds: whole,
  }),
)

export const terminalStanding = naming(
  'Terminal',
  'All that a till needs to sell while it is alone.',
  z.object({
    terminal,
    store,
    currency,
    certificate: bytes(TERMINAL_CERTIFICATE_BYTES, TERMINAL_CERTIFICATE_BYTES),
    issuerKeys: z
      .array(z.object({ version: whole, publicKey: point }))
      .min(1)
      .max(16),
    limits: terminalLimits,
    hotlist,
    at: time,
  }),
)

export const getTerminal = {
  name: 'getTerminal',
  method: 'GET',
  path: '/v1/terminals/me',
  caller: ['terminal'],
  query: z.strictObject({
    since: z
      .string()
      .regex(/^(0|[1-9][0-9]{0,9})$/)
      .optional(),
  }),
  answer: terminalStanding,
  refuses: [],
  summary: 'A terminal’s certificate, keys, limits and hotlist',
  description: 'With `since`, the hotlist version that the terminal has, only what changed comes.',
  idempotent: 'by-nature',
} as const satisfies Route

const MAIL_PURSES = 200
const MAIL_MESSAGES = 8
const MAIL_BYTES = 1024

export const mailExchange = naming(
  'MailExchange',
  'What chips have answered to the mail that the till gave them: status word included, sealed for the center alone.',
  z.strictObject({ answers: z.array(z.strictObject({ purse, answer: bytes(2, MAIL_BYTES) })).max(MAIL_PURSES) }),
  { answers: [] },
)

export const mailList = naming(
  'MailList',
  'What became of each answer, in their order; and all the mail that the till is to carry from now on: sealed messages, ' +
    'to be given to their chip in this order, at each meeting, until a newer list comes.',
  z.object({
    taken: z.array(z.object({ standing: z.enum(['taken', 'refused']), code: refusalCode.optional() })).max(MAIL_PURSES),
    version: whole,
    letters: z
      .array(z.object({ purse, messages: z.array(bytes(1, MAIL_BYTES)).min(1).max(MAIL_MESSAGES) }))
      .max(MAIL_PURSES),
  }),
)

export const exchangeMail = {
  name: 'exchangeMail',
  method: 'POST',
  path: '/v1/terminals/me/mail',
  caller: ['terminal'],
  body: mailExchange,
  answer: mailList,
  refuses: [],
  summary: 'Bring chips’ answers, and fetch mail for chips',
  description:
    'Loads, refunds and settings reach chips that meet only off-line tills. Any answer may be brought any number of ' +
    'times; no pay ever travels this way.',
  idempotent: 'by-nature',
} as const satisfies Route
