/** Payments: the phone brings transaction information and number; the center decides (T-1, T-4, F-8). */
import { PROOF_BYTES } from '@kozeni/protocol/proof'
import { z } from 'zod'
import { purse, store } from './name.ts'
import type { Route } from './route.ts'
import { amount, bytes, currency, naming, time, transactionNumber, whole } from './schema.ts'

/** More than the canonical bytes of any transaction. */
const TRANSACTION_BYTES = 1024

export const verdict = naming(
  'Verdict',
  'Paid and not-paid are final. Until one of them stands, it is pending: no screen may say more.',
  z.enum(['pending', 'paid', 'not-paid']),
  'paid',
)

export const proof = naming(
  'Proof',
  'The center’s final word on the number, for the store’s server: carry it there as it is.',
  bytes(PROOF_BYTES, PROOF_BYTES),
)

export const paymentRequest = naming(
  'PaymentRequest',
  'What the store handed to the phone: the transaction in its compact form, and its number.',
  z.strictObject({ purse, transaction: bytes(1, TRANSACTION_BYTES), number: transactionNumber }),
)

export const payment = naming(
  'Payment',
  'One payment of one purse. The session’s end is judged on the center’s clock.',
  z.object({
    store,
    number: transactionNumber,
    amount,
    currency,
    verdict,
    operation: z.object({ epoch: whole, number: whole }),
    proof: proof.optional(),
    sessionEnd: time,
  }),
)

export const createPayment = {
  name: 'createPayment',
  method: 'POST',
  path: '/v1/payments',
  caller: ['device'],
  body: paymentRequest,
  answer: payment,
  refuses: [
    'not-found',
    'data-wrong',
    'transaction-altered',
    'window-closed',
    'sale-expired',
    'transaction-used',
    'store-unknown',
    'purse-unfenced',
    'store-unfenced',
    'operation-open',
    'purse-not-active',
    'purse-blocked',
    'purse-retired',
    'currency-differs',
    'balance-too-low',
    'debit-too-large',
  ],
  summary: 'Open a payment',
  description:
    'The same purse with the same number gets the same payment. Then open a contact at once: the session ends after at ' +
    'most sixty seconds. After not-paid, ask the store for a new number.',
  idempotent: 'by-nature',
} as const satisfies Route

export const getPayment = {
  name: 'getPayment',
  method: 'GET',
  path: '/v1/payments/{store}/{number}',
  caller: ['device'],
  params: z.strictObject({ store, number: transactionNumber }),
  answer: payment,
  refuses: ['not-found'],
  summary: 'What became of a payment',
  description: 'For payments by the account’s own purses; others are not found. May be asked for ever.',
  idempotent: 'by-nature',
} as const satisfies Route
