// The purse's one record (C-1): a page that is read at the start of a command, changed here in memory, and written
// once at the end. What is not saved never happened. Value is never stored: it is credits − debits.
import { load64, put8, put64, putBytes, writeFrom } from './bytes.ts'
import { storeRead, storeWrite } from './host.ts'
import { DIGEST_BYTES, MONEY_MAX, Outcome, PIN_BYTES, Remembered } from './layout.ts'
import { HEAD_PAGE } from './pages.ts'

/** The numbers of the record; its strings of bytes stand behind them. */
@unmanaged
export class Head {
  /** Epoch and number of the latest operation. */
  place: u64
  settingsPlace: u64
  credits: u64
  debits: u64
  offlineAmount: u64
  acknowledgedAmount: u64
  /** What the latest operation moved. */
  amount: u32
  seq: u32
  offlineCount: u32
  acknowledgedCount: u32
  epochFloor: u32
  time: u32
  maximumValue: u32
  maximumDebit: u32
  lowerAmount: u32
  upperAmount: u32
  lowerCount: u32
  upperCount: u32
  pinAbove: u32
  /** Why the latest operation was rejected, a status word; else OK. */
  reason: u16
  kind: u8
  outcome: u8
  flag: bool
  blocked: bool
  frozen: bool
  keyFloor: u8
  pinTries: u8
  pinSet: bool
}

/** Outcomes kept besides the latest, newest first: with it, eight. */
const EARLIER = 7
export const EARLIER_BYTES = EARLIER * Remembered.SIZE

const NUMBERS_BYTES: i32 = offsetof<Head>() as i32
const HEAD_BYTES: i32 = NUMBERS_BYTES + DIGEST_BYTES + PIN_BYTES + EARLIER_BYTES
const PAGE: usize = memory.data(512)

export const head: Head = changetype<Head>(PAGE)
/** Of the latest operation. */
export const DIGEST: usize = PAGE + NUMBERS_BYTES
/** As it was typed: a hash of four digits is undone by trying all of them, so it would only look safer. */
export const PIN: usize = DIGEST + DIGEST_BYTES
/** The earlier outcomes are in the head, so that neither a fence nor a torn write can part them from it (C-2). */
export const RING: usize = PIN + PIN_BYTES

/** False before activation. A record of another size is not ours to touch, nor to take for none: it stops the program. */
export function readHead(): bool {
  const size = storeRead(HEAD_PAGE, PAGE)
  if (size < 0) return false
  if (size !== HEAD_BYTES) unreachable()
  return true
}

/** All zeros, as before activation. */
export function clearHead(): void {
  memory.fill(PAGE, 0, HEAD_BYTES)
}

/** The one write by which a change becomes true. */
export function writeHead(): void {
  storeWrite(HEAD_PAGE, PAGE, HEAD_BYTES)
}

export function value(): u64 {
  return head.credits - head.debits
}

/** The latest operation as FENCED and the ring tell it. */
export function putRemembered(): void {
  put64(head.place)
  put8(head.kind)
  putBytes(DIGEST, DIGEST_BYTES)
  put8(head.outcome)
}

/** Moves the latest outcome into the ring, which forgets its oldest. The first `none` is no outcome. */
export function remember(): void {
  if (head.outcome === Outcome.NONE) return
  memory.copy(RING + Remembered.SIZE, RING, EARLIER_BYTES - Remembered.SIZE)
  writeFrom(RING)
  putRemembered()
}
