/**
 * Loads, as the holder asks for them (F-7, F-13). A request's key is durable before the request is sent: after a crash,
 * and however often it is sent, it is the same request and the money is taken once.
 */
import type { Report } from '@kozeni/api/meet'
import type { Answer } from '@kozeni/api/route'
import { createLoad, getLoad, cancelLoad as wishBack } from '@kozeni/api/routes-load'
import { freshName } from '@kozeni/base/dice'
import type { LoadId } from '@kozeni/base/ids'
import type { Money } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { mayHaveArrived } from './center.ts'
import type { PendingLoad } from './device.ts'
import { meet } from './meet.ts'
import { callCenter, type PhoneParts, presentPurse } from './parts.ts'

export interface LoadAsked {
  readonly amount: Money
  /** The provider's name for how it is paid: a card's token, `cash`. */
  readonly method: string
  /** What the chip has no room for waits and comes in parts; else it is given back. */
  readonly inParts?: boolean
}

type Load = Answer<typeof getLoad>

export interface Loaded {
  readonly load: Load
  /** How bringing it to the chip went; whatever is missing comes with a later contact. */
  readonly contact: Result<Report, Refusal>
}

/**
 * Pays for a load and brings it to the chip. While the answer to a request is not known, asking for the same again is
 * that request; once it is known, it is a new one.
 *
 * @refuses purse-not-active · funding-declined · funding-unknown (it goes on by itself) · maximum-exceeded ·
 *          purse-blocked · center-unreachable · …
 * @spec    F-7, F-13
 */
export async function load(parts: PhoneParts, asked: LoadAsked): Promise<Result<Loaded, Refusal>> {
  if (asked.amount === 0n) return no(refusal('data-wrong', { field: 'amount' }))
  const own = await presentPurse(parts)
  if (!own.ok) return own
  const pending = await pendingFor(parts, {
    ...{ inParts: false, ...asked },
    purse: own.value.purse,
    currency: own.value.active.currency,
  })
  const sent = await send(parts, pending)
  return sent.ok ? ok(await bring(parts, sent.value)) : sent
}

/**
 * Wishes a load back. It is given back when the chip proves that it has not been applied; else the value is there.
 *
 * @refuses not-found · load-too-late · center-unreachable
 * @spec    F-5, F-7
 */
export async function cancelLoad(parts: PhoneParts, name: LoadId): Promise<Result<Loaded, Refusal>> {
  const wished = await callCenter(parts)(wishBack, { params: { load: name } })
  return wished.ok ? ok(await bring(parts, wished.value)) : wished
}

/** Sends again every request whose answer is not known, and asks after those whose end is not. */
export async function settleLoads(parts: PhoneParts): Promise<readonly Result<Load, Refusal>[]> {
  const settled: Result<Load, Refusal>[] = []
  for (const pending of parts.device.state.loads)
    settled.push(pending.load === null ? await send(parts, pending) : await look(parts, pending.load))
  return settled
}

async function bring(parts: PhoneParts, before: Load): Promise<Loaded> {
  const met = await meet(parts, { kind: 'purse', purse: before.purse })
  const after = await look(parts, before.load)
  return { load: after.ok ? after.value : before, contact: met }
}

/** The request of the same content that was not answered, or a new one, durable before it is answered to. */
async function pendingFor(parts: PhoneParts, asked: Omit<PendingLoad, 'key' | 'load'>): Promise<PendingLoad> {
  const fresh: PendingLoad = { ...asked, key: freshName(parts.dice), load: null }
  let chosen = fresh
  await parts.device.change(before => {
    const same = before.loads.find(one => one.load === null && isSame(one, asked))
    chosen = same ?? fresh
    return same === undefined ? { ...before, loads: [...before.loads, fresh] } : before
  })
  return chosen
}

const isSame = (one: PendingLoad, asked: Omit<PendingLoad, 'key' | 'load'>): boolean =>
  one.purse === asked.purse &&
  one.amount === asked.amount &&
  one.method === asked.method &&
  one.inParts === asked.inParts

async function send(parts: PhoneParts, pending: PendingLoad): Promise<Result<Load, Refusal>> {
  const { key, purse, amount, currency, method, inParts } = pending
  const body = { purse, amount: String(amount), currency, method, ...(inParts && { inParts }) }
  const answer = await callCenter(parts)(createLoad, { body, idempotencyKey: key })
  if (answer.ok) await heard(parts, key, answer.value)
  else if (!mayHaveArrived(answer.refusal)) await forget(parts, one => one.key === key)
  return answer
}

async function look(parts: PhoneParts, name: LoadId): Promise<Result<Load, Refusal>> {
  const answer = await callCenter(parts)(getLoad, { params: { load: name } })
  if (answer.ok && isOver(answer.value)) await forget(parts, one => one.load === name)
  return answer
}

function heard(parts: PhoneParts, key: string, answer: Load): Promise<void> {
  if (isOver(answer)) return forget(parts, one => one.key === key)
  const named = (one: PendingLoad) => (one.key === key ? { ...one, load: answer.load } : one)
  return parts.device.change(before => ({ ...before, loads: before.loads.map(named) }))
}

const isOver = ({ stage }: Load): boolean => stage === 'loaded' || stage === 'declined' || stage === 'given-back'

const forget = ({ device }: PhoneParts, over: (one: PendingLoad) => boolean): Promise<void> =>
  device.change(before => ({ ...before, loads: before.loads.filter(one => !over(one)) }))
