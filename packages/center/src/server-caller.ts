/**
 * Who asks: devices, stores and terminals by the signature of their registered key, operators by a token, the card
 * provider by its own signature. Says nothing of what they may do with whose things: that is each handler's.
 */
import type { HttpRequest } from '@kozeni/api/http'
import type { RegisteredKey } from '@kozeni/api/key-name'
import type { Route } from '@kozeni/api/route'
import { verify } from '@kozeni/api/signature'
import type { Bytes } from '@kozeni/base/bytes'
import { seconds } from '@kozeni/base/clock'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { DeviceRow, StoreRow, TerminalRow } from './book.ts'
import type { Center } from './center.ts'
import type { CaptureNotice } from './funding.ts'
import { operatorBy } from './operators.ts'

export type Caller =
  /** `key` has signed the request and is registered for nobody; `doubt` is why the caller could not be known. */
  | { readonly kind: 'nobody'; readonly key: Bytes | undefined; readonly doubt: Refusal | undefined }
  | { readonly kind: 'device'; readonly device: DeviceRow }
  | { readonly kind: 'store'; readonly store: StoreRow }
  | { readonly kind: 'terminal'; readonly terminal: TerminalRow }
  | { readonly kind: 'operator'; readonly name: string }
  | { readonly kind: 'provider'; readonly notice: CaptureNotice | undefined }

/** What a name made from the caller's idempotency key begins with: one caller never meets another's. */
export function callerName(caller: Caller): string {
  if (caller.kind === 'device') return `device:${caller.device.device}`
  if (caller.kind === 'store') return `store:${caller.store.store}`
  if (caller.kind === 'operator') return `operator:${caller.name}`
  return caller.kind === 'terminal' ? `terminal:${caller.terminal.terminal}` : caller.kind
}

/**
 * The caller, when the route is for such callers. Where nobody may call, everybody may.
 *
 * @refuses not-authenticated · caller-unknown · signature-wrong · clock-differs · caller-not-allowed · input-wrong
 */
export async function admit(center: Center, route: Route, request: HttpRequest): Promise<Result<Caller, Refusal>> {
  const caller = await identify(center, request)
  if (route.caller.includes('nobody')) return ok(asNobody(caller))
  if (!caller.ok) return caller
  if (caller.value.kind === 'nobody') return no(refusal(caller.value.key ? 'caller-unknown' : 'not-authenticated'))
  return route.caller.includes(caller.value.kind) ? caller : no(refusal('caller-not-allowed'))
}

function asNobody(caller: Result<Caller, Refusal>): Caller {
  if (!caller.ok) return { kind: 'nobody', key: undefined, doubt: caller.refusal }
  return caller.value.kind === 'nobody' ? caller.value : { kind: 'nobody', key: undefined, doubt: undefined }
}

async function identify(center: Center, request: HttpRequest): Promise<Result<Caller, Refusal>> {
  const { headers } = request
  if (headers['signature-input'] !== undefined) return await signed(center, request)
  if (headers['authorization'] !== undefined) return operator(center, headers['authorization'])
  const theirs = headers['stripe-signature']
  if (theirs !== undefined) return provider(center, request.body, theirs)
  return ok({ kind: 'nobody', key: undefined, doubt: undefined })
}

async function signed(center: Center, request: HttpRequest): Promise<Result<Caller, Refusal>> {
  let found: Registered | undefined
  const keyOf = async (name: RegisteredKey): Promise<Bytes | undefined> => {
    found = await registered(center, name)
    return found?.publicKey
  }
  const { crypto, verifyAside } = center
  const checking = verifyAside === undefined ? crypto : { sha256: crypto.sha256, verify: verifyAside }
  const name = await verify(checking, request, keyOf, seconds(center.clock.now()))
  if (!name.ok) return name
  if (name.value.kind === 'key') return ok({ kind: 'nobody', key: name.value.publicKey, doubt: undefined })
  return found === undefined ? no(refusal('caller-unknown')) : ok(found.caller)
}

interface Registered {
  readonly caller: Caller
  readonly publicKey: Bytes
}

async function registered({ book }: Center, name: RegisteredKey): Promise<Registered | undefined> {
  if (name.kind === 'device') {
    const { device } = await book.look({ device: name.id })
    return device && { caller: { kind: 'device', device }, publicKey: device.publicKey }
  }
  if (name.kind === 'store') {
    const { store } = await book.look({ store: name.id })
    return store && { caller: { kind: 'store', store }, publicKey: store.publicKey }
  }
  const { terminal } = await book.look({ terminal: name.id })
  return terminal && { caller: { kind: 'terminal', terminal }, publicKey: terminal.publicKey }
}

function operator({ crypto, operators }: Center, header: string): Result<Caller, Refusal> {
  const token = /^Bearer ([\x21-\x7e]{1,200})$/i.exec(header)?.[1]
  const known = token === undefined ? undefined : operatorBy(crypto, operators, token)
  return known === undefined ? no(refusal('caller-unknown')) : ok({ kind: 'operator', name: known.name })
}

function provider({ funding }: Center, body: Bytes, signature: string): Result<Caller, Refusal> {
  const notice = funding.hear(body, signature)
  return notice.ok ? ok({ kind: 'provider', notice: notice.value }) : notice
}
