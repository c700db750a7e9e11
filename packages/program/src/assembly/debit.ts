// Debit and void at an off-line terminal, and the receipt of either (D-1…D-6). The record is written first, the head
// last: cut between the two, nothing has happened. Neither touches number, outcome or flag of an operation (F-9).
import { load16, load32, put8, put32, put64, putBytes, same, writeFrom } from './bytes.ts'
import { DIGEST, head, writeHead } from './head.ts'
import { hmac, sha256, sign, verify } from './host.ts'
import { answer, DATA, IO, refuse } from './io.ts'
import { CHIP_PRIVATE, IDENTITY, KEYS, keyVersion, newestVersion, readChipKey, useKeys } from './issue.ts'
import {
  COUNT_MAX,
  DIGEST_BYTES,
  Direction,
  Identity,
  KeySet,
  MAC_KEY_BYTES,
  NAME_BYTES,
  Receipt,
  ReceiptKind,
  Request,
  TAG_BYTES,
  TerminalCertificate,
  Type,
} from './layout.ts'
import {
  findRecord,
  RECORD,
  readRecord,
  recordKind,
  takeWitness,
  WITNESS,
  WITNESS_BYTES,
  writeRecord,
} from './records.ts'
import { canCredit, holdersGate, mayStayOffline, mayTake } from './rules.ts'
import { isAddressed, putHeader } from './seal.ts'
import { forgetVerified, introduced, TERMINAL } from './session.ts'
import {
  COUNTER_EXHAUSTED,
  CURRENCY_DIFFERS,
  DATA_WRONG,
  DEBIT_TOO_LARGE,
  LENGTH_WRONG,
  MOVED_ON,
  NOT_AUTHENTICATED,
  NOT_FOUND,
  NOT_LAST,
  OK,
  SALE_DIFFERS,
  SIGNATURE_WRONG,
} from './status.ts'

const REQUEST: usize = DATA
const HASH: usize = memory.data(DIGEST_BYTES)

/** INS 22, in the order of D-4. */
export function debit(size: i32): i32 {
  const genuine = checkRequest(size, Type.DEBIT_REQUEST)
  if (genuine !== OK) return refuse(genuine)
  if (findRecord(REQUEST + Request.TERMINAL, sale(), ReceiptKind.DEBIT)) return answerAgain()
  if (seq() !== head.seq) return refuse(MOVED_ON)
  const allowed = mayDebit(amount())
  if (allowed !== OK) return refuse(allowed)
  takeWitness()
  head.debits += amount()
  head.offlineAmount += amount()
  head.offlineCount++
  return conclude(ReceiptKind.DEBIT)
}

/** INS 24: gives the last debit back to the very sale it was for; off-line totals stay (D-6). */
export function voidDebit(size: i32): i32 {
  const genuine = checkRequest(size, Type.VOID_REQUEST)
  if (genuine !== OK) return refuse(genuine)
  if (findRecord(REQUEST + Request.TERMINAL, sale(), ReceiptKind.VOID)) return answerAgain()
  if (!isOfLastDebit()) return refuse(NOT_LAST)
  if (!canCredit(amount()) || head.seq === COUNT_MAX) return refuse(COUNTER_EXHAUSTED)
  takeWitness()
  head.credits += amount()
  return conclude(ReceiptKind.VOID)
}

/** INS 26: the newest receipt of one sale of the terminal that has introduced itself. */
export function readReceipt(size: i32): i32 {
  if (size !== 4) return refuse(LENGTH_WRONG)
  if (!introduced) return refuse(NOT_AUTHENTICATED)
  return findRecord(TERMINAL + TerminalCertificate.TERMINAL, load32(DATA), 0) ? answerRecord() : refuse(NOT_FOUND)
}

function seq(): u32 {
  return load32(REQUEST + Request.SEQ)
}

function amount(): u32 {
  return load32(REQUEST + Request.AMOUNT)
}

function sale(): u32 {
  return load32(REQUEST + Request.SALE)
}

/** Signed by the terminal that has introduced itself, for this purse. */
function checkRequest(size: i32, type: u32): i32 {
  if (size !== Request.SIGNED_SIZE) return LENGTH_WRONG
  if (!introduced) return NOT_AUTHENTICATED
  if (!verify(TERMINAL + TerminalCertificate.PUBLIC, REQUEST, Request.SIZE, REQUEST + Request.SIGNATURE))
    return SIGNATURE_WRONG
  if (!isAddressed(REQUEST, type)) return DATA_WRONG
  const own = same(REQUEST + Request.TERMINAL, TERMINAL + TerminalCertificate.TERMINAL, NAME_BYTES)
  return own ? OK : DATA_WRONG
}

/** The same content gets the same receipt; other content under the same sale is refused (D-4). */
function answerAgain(): i32 {
  const rest = Request.SIZE - Request.AMOUNT
  const again = same(REQUEST + Request.AMOUNT, RECORD + Receipt.AMOUNT, rest)
  return again && seq() + 1 === load32(RECORD + Receipt.SEQ) ? answerRecord() : refuse(SALE_DIFFERS)
}

/** Holder's gate, then rules (F-2, C-6). */
function mayDebit(amount: u32): i32 {
  sha256(REQUEST, Request.SIZE, HASH)
  const gate = holdersGate(amount, HASH)
  if (gate !== OK) return gate
  if (!isOwnCurrency(REQUEST + Request.CURRENCY)) return CURRENCY_DIFFERS
  if (!isOwnCurrency(TERMINAL + TerminalCertificate.CURRENCY)) return CURRENCY_DIFFERS
  if (head.seq === COUNT_MAX) return COUNTER_EXHAUSTED
  const covered = mayTake(amount)
  if (covered !== OK) return covered
  return amount > head.maximumDebit ? DEBIT_TOO_LARGE : mayStayOffline(amount)
}

function isOwnCurrency(currency: usize): bool {
  return load16(currency) === load16(IDENTITY + Identity.CURRENCY)
}

/** Whether the chip's last record is the debit that the request names, content and all but its time (D-6). */
function isOfLastDebit(): bool {
  if (seq() !== head.seq || !readRecord(head.seq) || recordKind() !== ReceiptKind.DEBIT) return false
  return same(REQUEST + Request.SEQ, RECORD + Receipt.SEQ, Request.TIME - Request.SEQ)
}

/** Record, then head. */
function conclude(kind: u32): i32 {
  head.seq++
  writeReceipt(kind)
  writeRecord(head.seq)
  writeHead()
  forgetVerified()
  return answerRecord()
}

/** The receipt's body, signed for any terminal and MACed for the center (D-2). */
function writeReceipt(kind: u32): void {
  useKeys(newestVersion())
  putBody(kind)
  readChipKey()
  sign(CHIP_PRIVATE, RECORD, Receipt.SIZE, RECORD + Receipt.SIGNATURE)
  hmac(KEYS + KeySet.RECEIPT, MAC_KEY_BYTES, RECORD, Receipt.SIZE, HASH)
  memory.copy(RECORD + Receipt.MAC, HASH, TAG_BYTES)
}

/** debit.ts: receipt. From amount to time it repeats the request. */
function putBody(kind: u32): void {
  writeFrom(RECORD)
  putHeader(Type.RECEIPT, Direction.TO_CENTER, keyVersion())
  put8(kind)
  put32(head.seq)
  putBytes(REQUEST + Request.AMOUNT, Request.SIZE - Request.AMOUNT)
  put64(head.credits)
  put64(head.debits)
  put8(head.flag)
  put64(head.place)
  putBytes(DIGEST, DIGEST_BYTES)
  put8(head.outcome)
  putBytes(WITNESS, WITNESS_BYTES)
}

function answerRecord(): i32 {
  memory.copy(IO, RECORD, Receipt.SIGNED_SIZE)
  return answer(Receipt.SIGNED_SIZE)
}
