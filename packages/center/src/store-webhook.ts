/** One webhook to one store: what was decided about its number, as the query would say it, signed by Standard Webhooks. */
import { type Clock, seconds } from '@kozeni/base/clock'
import type { StoreId } from '@kozeni/base/ids'
import type { Crypto } from '@kozeni/protocol/crypto'
import { signWebhook, webhookKey } from '@kozeni/protocol/webhook'
import type { Book, Instant, NumberRow, OperationRow, StoreRow } from './book.ts'
import type { OutboxRow } from './book-outbox.ts'
import { paymentOf } from './payment.ts'
import { storePaymentAnswer, timeOf } from './server-answer.ts'
import type { Vault } from './vault.ts'

/** What telling a store takes. */
export interface WebhookMeans {
  readonly book: Book
  readonly crypto: Crypto
  readonly vault: Vault
  readonly clock: Clock
  readonly post: Post
}

/** Posts a body; @returns the status, or undefined when nobody answered in time */
export type Post = (url: string, headers: Readonly<Record<string, string>>, body: string) => Promise<number | undefined>

/** `told` also when there is nobody to tell. Else since when the store should know. */
export type Sent = { readonly told: true } | { readonly told: false; readonly since: Instant }

const TOLD: Sent = { told: true }
/** The store says that this address is no more. */
const GONE = 410

/** Tells the store once. Coming again is harmless to it: the id is the task's name. @spec T-5 */
export async function sendWebhook(means: WebhookMeans, task: OutboxRow): Promise<Sent> {
  const transaction = task.body['number'] ?? ''
  const name = task.subject as StoreId
  const { store, number, numbered, present } = await means.book.look({
    store: name,
    number: { store: name, transaction },
  })
  if (store?.webhookUrl === undefined || number === undefined || numbered === undefined) return TOLD
  const body = bodyOf(means, number, numbered, present.epoch)
  const status = await means.post(store.webhookUrl, headersOf(means, store, task.name, body), body)
  const told = status !== undefined && ((status >= 200 && status < 300) || status === GONE)
  return told ? TOLD : { told, since: decidedAt(numbered) }
}

const decidedAt = ({ closed, sessionEnd, openedAt }: OperationRow): Instant => closed?.at ?? sessionEnd ?? openedAt

function bodyOf(
  means: Pick<WebhookMeans, 'crypto' | 'vault'>,
  number: NumberRow,
  numbered: OperationRow,
  epoch: number,
): string {
  const data = storePaymentAnswer(paymentOf(means, numbered, number, epoch), number)
  return JSON.stringify({ type: 'payment.decided', timestamp: timeOf(decidedAt(numbered)), data })
}

function headersOf(
  { crypto, clock }: Pick<WebhookMeans, 'crypto' | 'clock'>,
  { webhookSecret }: StoreRow,
  id: string,
  body: string,
): Record<string, string> {
  const key = webhookKey(webhookSecret)
  const keys = key === undefined ? [] : [key]
  const signed = signWebhook(crypto, keys, { id, timestamp: seconds(clock.now()), body })
  return { 'content-type': 'application/json', ...signed }
}
