// The bound device and its chip, in a session that only the two can read (C-11). Requests are numbered; an authentic one
// uses its number up, whatever the answer, so that none can be played again.
import { pen, put8, put32, put64, same } from './bytes.ts'
import { derive } from './derive.ts'
import { head, writeHead } from './head.ts'
import { agree, verify } from './host.ts'
import { answer, DATA, IO, refuse } from './io.ts'
import { CHIP_PRIVATE, IDENTITY, readChipKey } from './issue.ts'
import {
  Ask,
  CHALLENGE_BYTES,
  Direction,
  Hello,
  Identity,
  NAME_BYTES,
  PIN_BYTES,
  Receipt,
  TAG_BYTES,
  Type,
} from './layout.ts'
import { setPin } from './pin.ts'
import { RECORD, readRecord } from './records.ts'
import { BODY, beginText, isAddressed, seal, unseal } from './seal.ts'
import { CHALLENGE, counter, countRequest, greeted, openHolder, SESSION_KEYS } from './session.ts'
import { DATA_WRONG, LENGTH_WRONG, MAC_WRONG, NOT_AUTHENTICATED, OK, SIGNATURE_WRONG } from './status.ts'

const SHARED: usize = memory.data(32)

/** A holder's text has its number before it. */
const HOLDER_BODY: usize = BODY + 4

/** INS 30: the device's signed hello; the answer is a tag that only this chip can make. */
export function hello(size: i32): i32 {
  openHolder(false)
  if (size !== Hello.SIGNED_SIZE) return refuse(LENGTH_WRONG)
  if (!verify(IDENTITY + Identity.DEVICE_KEY, DATA, Hello.SIZE, DATA + Hello.SIZE)) return refuse(SIGNATURE_WRONG)
  if (!isHelloForUs()) return refuse(DATA_WRONG)
  readChipKey()
  if (!agree(CHIP_PRIVATE, DATA + Hello.ONE_TIME_KEY, SHARED)) return refuse(DATA_WRONG)
  derive(SHARED, 'kozeni holder session', CHALLENGE, SESSION_KEYS)
  openHolder(true)
  return sealed(0)
}

function isHelloForUs(): bool {
  return (
    isAddressed(DATA, Type.HOLDER_HELLO) &&
    same(DATA + Hello.DEVICE, IDENTITY + Identity.DEVICE, NAME_BYTES) &&
    same(DATA + Hello.CHALLENGE, CHALLENGE, CHALLENGE_BYTES)
  )
}

/** INS 32 */
export function request(size: i32): i32 {
  const textSize = size - TAG_BYTES
  if (textSize < 1 || textSize > 1 + PIN_BYTES) return refuse(LENGTH_WRONG)
  if (!greeted) return refuse(NOT_AUTHENTICATED)
  beginNumbered(Type.HOLDER_REQUEST, Direction.TO_CHIP)
  if (!unseal(DATA, HOLDER_BODY, textSize, SESSION_KEYS)) return refuse(MAC_WRONG)
  return serve(load<u8>(HOLDER_BODY), textSize - 1)
}

function beginNumbered(type: u32, direction: u32): void {
  beginText(type, direction, 0)
  put32(counter)
}

/** Seals the `size` bytes that stand at HOLDER_BODY, and moves on to the next number. */
function sealed(size: i32): i32 {
  beginNumbered(Type.HOLDER_ANSWER, Direction.TO_HOLDER)
  countRequest()
  return answer(seal(IO, HOLDER_BODY, size, SESSION_KEYS))
}

function refuseNumbered(statusWord: i32): i32 {
  countRequest()
  return refuse(statusWord)
}

function serve(asked: u32, size: i32): i32 {
  if (size !== sizeOf(asked)) return refuseNumbered(sizeOf(asked) < 0 ? DATA_WRONG : LENGTH_WRONG)
  if (asked === Ask.HISTORY) return history(load<u8>(HOLDER_BODY + 1))
  const done = change(asked)
  return done === OK ? standing() : refuseNumbered(done)
}

/** Of what follows the first byte; −1 for what no holder asks. */
function sizeOf(asked: u32): i32 {
  if (asked === Ask.STANDING) return 0
  if (asked === Ask.SET_PIN) return PIN_BYTES
  return asked === Ask.HISTORY || asked === Ask.FREEZE ? 1 : -1
}

function change(asked: u32): i32 {
  if (asked === Ask.FREEZE) return freeze(load<u8>(HOLDER_BODY + 1))
  if (asked === Ask.SET_PIN) return setPin(HOLDER_BODY + 1)
  return OK
}

function freeze(wanted: u32): i32 {
  if (wanted > 1) return DATA_WRONG
  if (head.frozen === (wanted === 1)) return OK
  head.frozen = wanted === 1
  writeHead()
  return OK
}

/** The receipt's body, or nothing where the ring does not reach. */
function history(back: u32): i32 {
  if (back >= head.seq || !readRecord(head.seq - back)) return sealed(0)
  memory.copy(HOLDER_BODY, RECORD, Receipt.SIZE)
  return sealed(Receipt.SIZE)
}

/** holder.ts: standing. */
function standing(): i32 {
  beginNumbered(Type.HOLDER_ANSWER, Direction.TO_HOLDER)
  put64(head.credits)
  put64(head.debits)
  put32(head.seq)
  put8(head.flag)
  put8(head.blocked)
  put8(head.frozen)
  put8(head.pinSet)
  put8(head.pinTries)
  put32(head.pinAbove)
  put32(head.maximumValue)
  return sealed((pen - HOLDER_BODY) as i32)
}
