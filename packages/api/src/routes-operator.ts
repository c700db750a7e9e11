/** What operators register and order. What they look at is in routes-operator-view.ts. */
import { TERMINAL_CERTIFICATE_BYTES } from '@kozeni/protocol/certificate'
import { z } from 'zod'
import { chip, purse, store, terminal } from './name.ts'
import type { Route } from './route.ts'
import { purseStage } from './routes-installation.ts'
import { refund, settlementStatement } from './routes-store.ts'
import {
  amount,
  bytes,
  chipClass,
  currency,
  naming,
  point,
  price,
  text,
  time,
  transactionNumber,
  whole,
} from './schema.ts'

const CHIPS = 1000

export const chipRegistration = naming(
  'ChipRegistration',
  'Chips as their foundry reports them.',
  z.strictObject({
    chips: z.array(z.strictObject({ chip, chipClass })).min(1).max(CHIPS),
  }),
  { chips: [{ chip: '00000000000000a1', chipClass: 'hardware' }] },
)

export const registeredChips = naming(
  'RegisteredChips',
  'How many are new, and how many were known.',
  z.object({ registered: whole, known: whole }),
  { registered: 1, known: 0 },
)

export const registerChips = {
  name: 'registerChips',
  method: 'POST',
  path: '/v1/operator/chips',
  caller: ['operator'],
  body: chipRegistration,
  answer: registeredChips,
  refuses: [],
  summary: 'Register chips',
  description: 'A chip that is known keeps what is known of it.',
  idempotent: 'by-nature',
} as const satisfies Route

export const storeRegistration = naming(
  'StoreRegistration',
  'A store that joins. Its fee is in hundredths of a percent.',
  z.strictObject({
    name: text(120),
    publicKey: point,
    currency,
    feeBasisPoints: z.int().min(0).max(10_000),
    webhookUrl: z
      .string()
      .max(500)
      .regex(/^(https:\/\/[^\s\\]+|http:\/\/(localhost|127\.0\.0\.1)(:\d{1,5})?(\/[^\s\\]*)?)$/)
      .optional(),
  }),
)

export const registeredStore = naming(
  'RegisteredStore',
  'The store’s name, and the secret that its webhooks are signed with (Standard Webhooks).',
  z.object({ store, webhookSecret: z.string().regex(/^whsec_[A-Za-z0-9+/]+={0,2}$/) }),
)

export const registerStore = {
  name: 'registerStore',
  method: 'POST',
  path: '/v1/operator/stores',
  caller: ['operator'],
  body: storeRegistration,
  answer: registeredStore,
  refuses: [],
  summary: 'Let a store join',
  description: 'The store’s server signs its requests with this key, as "store:" and the store’s name.',
  idempotent: 'by-key',
} as const satisfies Route

export const terminalRegistration = naming(
  'TerminalRegistration',
  'A till’s key.',
  z.strictObject({ store, publicKey: point }),
)

export const registeredTerminal = naming(
  'RegisteredTerminal',
  'The till’s name, and its certificate for chips.',
  z.object({ terminal, certificate: bytes(TERMINAL_CERTIFICATE_BYTES, TERMINAL_CERTIFICATE_BYTES) }),
)

export const registerTerminal = {
  name: 'registerTerminal',
  method: 'POST',
  path: '/v1/operator/terminals',
  caller: ['operator'],
  body: terminalRegistration,
  answer: registeredTerminal,
  refuses: ['store-unknown'],
  summary: 'Certify a store’s terminal',
  description: 'The certificate says whose till it is and authorises nothing by itself.',
  idempotent: 'by-key',
} as const satisfies Route

export const settlementRequest = naming(
  'SettlementRequest',
  'Closes the store’s window; at this moment, or at an earlier one.',
  z.strictObject({ store, until: time.optional() }),
)

export const settle = {
  name: 'settle',
  method: 'POST',
  path: '/v1/operator/settlements',
  caller: ['operator'],
  body: settlementRequest,
  answer: settlementStatement,
  refuses: ['store-unknown'],
  summary: 'Settle one store',
  description: 'Closes the window since the last one, and pays out what is owed.',
  idempotent: 'by-key',
} as const satisfies Route

export const purseBlock = naming(
  'PurseBlock',
  'Blocked or not, and why, for whoever reads the story.',
  z.strictObject({ blocked: z.boolean(), reason: text(200).optional() }),
  { blocked: true, reason: 'reported as lost' },
)

export const blockedPurse = naming(
  'BlockedPurse',
  'What the chip is told at its next contact, and tills by their hotlist.',
  z.object({ purse, blocked: z.boolean(), settings: whole }),
)

export const blockPurse = {
  name: 'blockPurse',
  method: 'POST',
  path: '/v1/operator/purses/{purse}/block',
  caller: ['operator'],
  params: z.strictObject({ purse }),
  body: purseBlock,
  answer: blockedPurse,
  refuses: ['not-found', 'purse-retired'],
  summary: 'Block a purse, or unblock it',
  description: 'An absolute order, never a toggle: repeating it changes nothing.',
  idempotent: 'by-nature',
} as const satisfies Route

export const terminalPlace = naming(
  'TerminalPlace',
  'Where a till is, and why, for whoever reads the log. Stolen: somebody has it. Lost: nobody has, and what it had not ' +
    'uploaded will not come.',
  z.strictObject({ place: z.enum(['in-service', 'stolen', 'lost']), reason: text(200) }),
  { place: 'stolen', reason: 'reported by its store' },
)

export const placedTerminal = naming(
  'PlacedTerminal',
  'What tills are told by their hotlist. Without `lastUpload` it has never uploaded.',
  z.object({
    terminal,
    place: z.enum(['in-service', 'stolen', 'lost']),
    lastUpload: time.optional(),
    /** What it may have sold since, at most. */
    atRisk: amount,
  }),
)

export const placeTerminal = {
  name: 'placeTerminal',
  method: 'POST',
  path: '/v1/operator/terminals/{terminal}/place',
  caller: ['operator'],
  params: z.strictObject({ terminal }),
  body: terminalPlace,
  answer: placedTerminal,
  refuses: ['not-found'],
  summary: 'Mark a terminal as stolen, lost, or in service',
  description:
    'An absolute order, never a toggle. While it is away it is handed nothing and is on every till’s hotlist; receipts ' +
    'that it brings are taken in all the same, for chips have signed them.',
  idempotent: 'by-nature',
} as const satisfies Route

export const lostPurse = naming(
  'LostPurse',
  'Lost or not, and why, for whoever reads the story.',
  z.strictObject({ lost: z.boolean(), reason: text(200).optional() }),
  { lost: true, reason: 'phone stolen' },
)

export const lostReport = naming(
  'LostReport',
  'Where the purse stands, and when what is left of it is paid out to its holder: after every till has uploaded.',
  z.object({ purse, stage: purseStage, blocked: z.boolean(), payableAt: time.optional() }),
)

export const reportLost = {
  name: 'reportLost',
  method: 'POST',
  path: '/v1/operator/purses/{purse}/lost',
  caller: ['operator'],
  params: z.strictObject({ purse }),
  body: lostPurse,
  answer: lostReport,
  refuses: ['not-found', 'purse-not-active', 'purse-retired'],
  summary: 'Report a purse lost, or found again',
  description:
    'Blocks it and opens nothing on it any more. What is left is paid out by itself when its time has come, to the holder’s ' +
    'own account, from where it moves to another purse of theirs; then the purse is retired for ever. Until then it may be ' +
    'found again; the block stays.',
  idempotent: 'by-nature',
} as const satisfies Route

export const operatorRefundRequest = naming(
  'OperatorRefundRequest',
  'So much of that store’s sale back to the purse that paid it.',
  z.strictObject({ store, number: transactionNumber, amount: price, reason: text(200) }),
)

export const orderRefund = {
  name: 'orderRefund',
  method: 'POST',
  path: '/v1/operator/refunds',
  caller: ['operator'],
  body: operatorRefundRequest,
  answer: refund,
  refuses: ['not-found', 'store-unknown', 'refund-too-large', 'purse-retired'],
  summary: 'Order a refund on a store’s behalf',
  description: 'As the store’s own refund, for disputes that the issuer decides.',
  idempotent: 'by-key',
} as const satisfies Route
