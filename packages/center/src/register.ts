/**
 * Who joins: devices and accounts, chips, stores, terminals. Each is named by what makes its request repeatable, so that
 * the same request again finds what the first one made.
 */
import { type Bytes, base64url, equal, fromBase64url, hex } from '@kozeni/base/bytes'
import { type AccountId, type ChipId, type DeviceId, freshId, type StoreId, type TerminalId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import type { ChipClass } from '@kozeni/protocol/certificate'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import {
  type Command,
  type DeviceRow,
  type Seen,
  type StoreRow,
  type TerminalRow,
  unchanged,
  type Write,
} from './book.ts'
import type { AlarmRow } from './book-alarm.ts'
import type { JournalHead } from './book-receipt.ts'
import type { Means } from './contact.ts'
import { requestName } from './request-name.ts'

/** An account to join, and the secret that lets a device in. */
export interface Joining {
  readonly account: AccountId
  readonly secret: string
}

export interface Registered {
  readonly device: DeviceRow
  /** Told once, to the request that opened the account. */
  readonly secret: string | undefined
}

const SECRET_BYTES = 16

/**
 * A device by its key, in an account of its own or in one that it knows the secret of.
 *
 * @refuses caller-unknown (no such account, or another secret; which of the two is not told)
 */
export function registerDevice(
  { crypto, dice }: Pick<Means, 'crypto' | 'dice'>,
  publicKey: Bytes,
  joining: Joining | undefined,
): Command<Result<Registered, Refusal>> {
  const device = requestName<DeviceId>(crypto, 'device', 'key', base64url(publicKey))
  const account = joining?.account ?? freshId<AccountId>(dice)
  const secret = joining === undefined ? dice.bytes(SECRET_BYTES) : fromBase64url(joining.secret)
  const digest = secret && crypto.sha256(secret)
  return {
    keys: { device, account },
    decide: seen => {
      if (digest === undefined) return unchanged(no(refusal('caller-unknown')))
      if (joining !== undefined && !knows(seen, digest)) return unchanged(no(refusal('caller-unknown')))
      if (seen.device !== undefined) return unchanged(sameDevice(seen.device, joining))
      const row: DeviceRow = { device, account, publicKey, at: seen.now }
      const opening: Write[] =
        joining === undefined ? [{ write: 'account', row: { account, secretDigest: digest, at: seen.now } }] : []
      const told = joining === undefined && secret !== undefined ? base64url(secret) : undefined
      return { answer: ok({ device: row, secret: told }), writes: [...opening, { write: 'device', row }] }
    },
  }
}

const knows = ({ account }: Seen, digest: Bytes): boolean =>
  account !== undefined && equal(account.secretDigest, digest)

const sameDevice = (device: DeviceRow, joining: Joining | undefined): Result<Registered, Refusal> =>
  joining !== undefined && joining.account !== device.account
    ? no(refusal('caller-unknown'))
    : ok({ device, secret: undefined })

/** A chip as its foundry reports it; @returns whether it is new. A chip that is known keeps what is known of it. */
export const registerChip = (chip: ChipId, chipClass: ChipClass): Command<boolean> => ({
  keys: { chip },
  decide: seen =>
    seen.chip !== undefined
      ? unchanged(false)
      : { answer: true, writes: [{ write: 'chip', row: { chip, chipClass, purse: undefined } }] },
})

/** @refuses key-reused (the same name for another store) */
export const registerStore = (row: StoreRow): Command<Result<StoreRow, Refusal>> => ({
  keys: { store: row.store },
  decide: ({ store }) => {
    if (store === undefined) return { answer: ok(row), writes: [{ write: 'store', row }] }
    return unchanged(sameStore(store, row) ? ok(store) : no(refusal('key-reused')))
  },
})

const sameStore = (a: StoreRow, b: StoreRow): boolean =>
  a.name === b.name &&
  a.currency === b.currency &&
  equal(a.publicKey, b.publicKey) &&
  a.feeBasisPoints === b.feeBasisPoints &&
  a.webhookUrl === b.webhookUrl

/** @refuses store-unknown · key-reused (the same name for another terminal) */
export const registerTerminal = (
  terminal: TerminalId,
  store: StoreId,
  publicKey: Bytes,
): Command<Result<{ readonly terminal: TerminalRow; readonly store: StoreRow }, Refusal>> => ({
  keys: { terminal, store },
  decide: seen => {
    if (seen.store === undefined) return unchanged(no(refusal('store-unknown')))
    const known = seen.terminal
    if (known !== undefined && (known.store !== store || !equal(known.publicKey, publicKey)))
      return unchanged(no(refusal('key-reused')))
    if (known !== undefined) return unchanged(ok({ terminal: known, store: seen.store }))
    const row: TerminalRow = {
      terminal,
      store,
      publicKey,
      stolen: false,
      lostAt: undefined,
      lastUpload: undefined,
      journal: undefined,
    }
    return { answer: ok({ terminal: row, store: seen.store }), writes: [{ write: 'terminal', row }] }
  },
})

/** Where a terminal is. */
export type TerminalPlace = 'in-service' | 'stolen' | 'lost'

/** @returns where the book says that it is */
export const placeOf = ({ stolen, lostAt }: TerminalRow): TerminalPlace =>
  lostAt !== undefined ? 'lost' : stolen ? 'stolen' : 'in-service'

/**
 * An operator's word on where a terminal is.
 *
 * @refuses not-found
 * @spec    D-7, F-11
 */
export const placeTerminal = (terminal: TerminalId, place: TerminalPlace): Command<Result<TerminalRow, Refusal>> => ({
  keys: { terminal },
  decide: ({ terminal: before, now }) => {
    if (before === undefined) return unchanged(no(refusal('not-found')))
    if (placeOf(before) === place) return unchanged(ok(before))
    const row: TerminalRow = {
      ...before,
      stolen: place !== 'in-service',
      lostAt: place === 'lost' ? now : undefined,
    }
    return { answer: ok(row), writes: [{ write: 'terminal', row }] }
  },
})

/**
 * The terminal is alive, and has just uploaded; its journal stands here. A journal only grows: one of another hash at the
 * same place is another, and somebody has to ask whose. One that stands further back is an upload that came late.
 *
 * @spec K-3
 */
export const noteUpload = (terminal: TerminalId, journal: JournalHead | undefined): Command<undefined> => ({
  keys: { terminal, sales: [] }, // it goes with what is collected: nobody waits for it at a counter
  decide: ({ terminal: before, now }) => {
    if (before === undefined) return unchanged(undefined)
    const fork = journal && before.journal && isFork(before.journal, journal)
    const row: TerminalRow = { ...before, lastUpload: now, journal: furthest(before.journal, journal) }
    const alarm: Write[] = fork ? [{ write: 'alarm', row: forked(terminal, fork, now) }] : []
    return { answer: undefined, writes: [{ write: 'terminal', row }, ...alarm] }
  },
})

const furthest = (kept: JournalHead | undefined, shown: JournalHead | undefined): JournalHead | undefined =>
  shown !== undefined && (kept === undefined || shown.position > kept.position) ? shown : kept

interface Fork {
  readonly kept: JournalHead
  readonly shown: JournalHead
}

const isFork = (kept: JournalHead, shown: JournalHead): Fork | undefined =>
  shown.position === kept.position && !equal(shown.hash, kept.hash) ? { kept, shown } : undefined

function forked(subject: TerminalId, { kept, shown }: Fork, at: number): AlarmRow {
  const facts = { kept: `${kept.position} ${hex(kept.hash)}`, shown: `${shown.position} ${hex(shown.hash)}` }
  return { subject, what: 'journal-forked', facts, at }
}
