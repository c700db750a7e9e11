// COMMAND and ABORT: numbered operations between center and chip (F-2, F-3). Each computes first and writes the head
// once. They answer the status that the RESULT carries; the RESULT itself is message.ts's.
import { load16, load32, load64, putBytes, same, writeFrom } from './bytes.ts'
import { DIGEST, head, remember, value, writeHead } from './head.ts'
import { sha256 } from './host.ts'
import { IDENTITY, PURSE } from './issue.ts'
import { Abort, Command, DIGEST_BYTES, Identity, Kind, MONEY_MAX, NAME_BYTES, Outcome } from './layout.ts'
import { canCredit, holdersGate, mayLoad, mayTake } from './rules.ts'
import { BODY } from './seal.ts'
import { forgetVerified } from './session.ts'
import {
  COUNTER_EXHAUSTED,
  CURRENCY_DIFFERS,
  DATA_WRONG,
  EPOCH_PAST,
  NUMBER_USED,
  OK,
  OPERATION_UNCONFIRMED,
} from './status.ts'

const ESSENCE: usize = memory.data(NAME_BYTES + Command.ESSENCE_SIZE)
const FRESH_DIGEST: usize = memory.data(DIGEST_BYTES)

/** F-2, checks in its order: number, holder's gate, rules. */
export function command(): i32 {
  const place = load64(BODY + Command.PLACE)
  const kind: u32 = load<u8>(BODY + Command.KIND)
  if (!isKind(kind)) return DATA_WRONG
  digestCommand()
  if (isBelowFloor(place)) return EPOCH_PAST
  if (isLatest(place, FRESH_DIGEST)) return head.reason
  const free = mayBegin(place, load64(BODY + Command.PREV))
  if (free !== OK) return free
  return perform(place, kind, load32(BODY + Command.AMOUNT))
}

/** F-3. Else, whatever it meets, the stored RESULT: a load is never undone, nor a confirmed pay. */
export function abort(): i32 {
  const place = load64(BODY + Abort.PLACE)
  const kind: u32 = load<u8>(BODY + Abort.KIND)
  if (!isKind(kind)) return DATA_WRONG
  if (isBelowFloor(place)) return EPOCH_PAST
  if (isLatest(place, BODY + Abort.DIGEST)) return isUndoable() ? reverse() : head.reason
  const free = mayBegin(place, load64(BODY + Abort.PREV))
  if (free !== OK) return free
  become(place, kind, BODY + Abort.DIGEST, Outcome.CANCELLED, OK, 0)
  return OK
}

function isKind(kind: u32): bool {
  return kind >= Kind.LOAD && kind <= Kind.SWEEP
}

/** The digest binds purse, place, kind, amount, currency and reference, and nothing else (F-15). */
function digestCommand(): void {
  writeFrom(ESSENCE)
  putBytes(PURSE, NAME_BYTES)
  putBytes(BODY, Command.ESSENCE_SIZE)
  sha256(ESSENCE, NAME_BYTES + Command.ESSENCE_SIZE, FRESH_DIGEST)
}

/** F-12: what was opened before the fence is dead. */
function isBelowFloor(place: u64): bool {
  return ((place >> 32) as u32) < head.epochFloor
}

function isLatest(place: u64, digest: usize): bool {
  return place === head.place && same(digest, DIGEST, DIGEST_BYTES)
}

/** A higher place, and the flag down or the latest operation closed by the center, as `prev` proves. */
function mayBegin(place: u64, prev: u64): i32 {
  if (place <= head.place) return NUMBER_USED
  if (head.flag && head.place > prev) return OPERATION_UNCONFIRMED
  return OK
}

/** Gate: refused, and the same may come again. Rules: rejected, and the no is the outcome. */
function perform(place: u64, kind: u32, asked: u32): i32 {
  const gate = kind === Kind.PAY ? holdersGate(asked, FRESH_DIGEST) : OK
  if (gate !== OK) return gate
  const amount: u32 = kind === Kind.SWEEP ? all() : asked
  const reason = judge(kind, amount)
  if (reason === COUNTER_EXHAUSTED) return reason
  if (reason === OK) {
    move(kind, amount)
    become(place, kind, FRESH_DIGEST, Outcome.APPLIED, OK, amount)
  } else {
    become(place, kind, FRESH_DIGEST, Outcome.REJECTED, reason, 0)
  }
  return reason
}

/** All there is; more than one amount can tell stays for the next sweep. */
function all(): u32 {
  return min(value(), MONEY_MAX) as u32
}

/** Blocks stand against load and pay alone, the maximum against load alone (F-2, F-3). */
function judge(kind: u32, amount: u32): i32 {
  if (load16(BODY + Command.CURRENCY) !== load16(IDENTITY + Identity.CURRENCY)) return CURRENCY_DIFFERS
  if (isCredit(kind) && !canCredit(amount)) return COUNTER_EXHAUSTED
  if (kind === Kind.LOAD) return mayLoad(amount)
  if (kind === Kind.PAY) return mayTake(amount)
  return OK
}

function isCredit(kind: u32): bool {
  return kind === Kind.LOAD || kind === Kind.REFUND
}

function move(kind: u32, amount: u32): void {
  if (isCredit(kind)) head.credits += amount
  else head.debits += amount
}

/** Makes this the latest operation, with its flag up, in the same write as what it moved (F-1). */
function become(place: u64, kind: u32, digest: usize, outcome: u8, reason: i32, amount: u32): void {
  remember()
  head.place = place
  head.kind = kind as u8
  memory.copy(DIGEST, digest, DIGEST_BYTES)
  head.outcome = outcome
  head.reason = reason as u16
  head.amount = amount
  head.flag = true
  writeHead()
  forgetVerified()
}

function isUndoable(): bool {
  return head.kind === Kind.PAY && head.outcome === Outcome.APPLIED && head.flag
}

/** Gives a pay back, whatever the maximum says (F-3). */
function reverse(): i32 {
  if (!canCredit(head.amount)) return COUNTER_EXHAUSTED
  head.credits += head.amount
  head.outcome = Outcome.REVERSED
  writeHead()
  return OK
}
