// The holder's PIN (C-7): enciphered to the chip together with the one request it is for; the try is counted in a write
// of its own before the comparison, and only after a terminal or the bound device has proved itself in this session.
import { same } from './bytes.ts'
import { derive } from './derive.ts'
import { head, PIN, writeHead } from './head.ts'
import { agree } from './host.ts'
import { answer, DATA, refuse } from './io.ts'
import { CHIP_PRIVATE, readChipKey } from './issue.ts'
import { DIGEST_BYTES, Direction, PIN_BYTES, PinBlock, Type } from './layout.ts'
import { BODY, beginText, unseal } from './seal.ts'
import {
  CHALLENGE,
  forgetVerified,
  greeted,
  introduced,
  isVerifiedFor,
  restoreTries,
  triesRestored,
  verifyFor,
} from './session.ts'
import {
  DATA_WRONG,
  LENGTH_WRONG,
  MAC_WRONG,
  NOT_AUTHENTICATED,
  NOT_FOUND,
  OK,
  PIN_BLOCKED,
  PIN_REQUIRED,
  PIN_WRONG,
} from './status.ts'

export const PIN_TRIES: u8 = 3
const SHORTEST_PIN = 4

const SHARED: usize = memory.data(32)
const PIN_KEYS: usize = memory.data(2 * DIGEST_BYTES)
/** What a PIN is verified for when it is to be changed: nothing else has this digest. */
const NO_REQUEST: usize = memory.data(DIGEST_BYTES)

/** INS 34 */
export function verifyPin(size: i32): i32 {
  forgetVerified()
  if (size !== PinBlock.SIZE) return refuse(LENGTH_WRONG)
  if (!introduced && !greeted) return refuse(NOT_AUTHENTICATED)
  if (!head.pinSet) return refuse(NOT_FOUND)
  if (head.pinTries === 0) return refuse(PIN_BLOCKED)
  const opened = open()
  return opened === OK ? compare() : refuse(opened)
}

/** The block is for this SELECT's challenge alone, so that no old one can be played again. */
function open(): i32 {
  readChipKey()
  if (!agree(CHIP_PRIVATE, DATA + PinBlock.ONE_TIME_KEY, SHARED)) return DATA_WRONG
  derive(SHARED, 'kozeni pin', CHALLENGE, PIN_KEYS)
  beginText(Type.PIN, Direction.TO_CHIP, 0)
  return unseal(DATA + PinBlock.SEALED, BODY, PinBlock.TEXT_SIZE, PIN_KEYS) ? OK : MAC_WRONG
}

/** Counted first: power cut during the comparison leaves one try less. */
function compare(): i32 {
  const before = head.pinTries
  head.pinTries--
  writeHead()
  if (!same(BODY, PIN, PIN_BYTES)) return refuse(PIN_WRONG | head.pinTries)
  // All tries come back once a session: else a good block, played again between guesses, would buy guesses for ever.
  head.pinTries = triesRestored ? before : PIN_TRIES
  writeHead()
  restoreTries()
  verifyFor(BODY + PIN_BYTES)
  return answer(0)
}

/** By the bound device, after the old PIN was verified for just that, or when there is none. */
export function setPin(pin: usize): i32 {
  if (head.pinSet && !isVerifiedFor(NO_REQUEST)) return PIN_REQUIRED
  if (!isPin(pin)) return DATA_WRONG
  memory.copy(PIN, pin, PIN_BYTES)
  head.pinSet = true
  head.pinTries = PIN_TRIES
  writeHead()
  forgetVerified()
  return OK
}

/** Four to eight ASCII digits, then FF. */
function isPin(pin: usize): bool {
  let digits = 0
  while (digits < PIN_BYTES && isDigit(load<u8>(pin + digits))) digits++
  if (digits < SHORTEST_PIN) return false
  for (let i = digits; i < PIN_BYTES; i++) if (load<u8>(pin + i) !== 0xff) return false
  return true
}

function isDigit(byte: u8): bool {
  return byte >= 0x30 && byte <= 0x39
}
