// Sealed messages of the center. Whatever is authentic is answered with a sealed RESULT, or FENCED, whose status says
// what became of it; only what is not authentic gets a bare status word.
import { pen, put8, put16, put32, put64, putBytes, writeFrom } from './bytes.ts'
import { confirm } from './confirm.ts'
import { DIGEST, EARLIER_BYTES, head, putRemembered, RING } from './head.ts'
import { answer, DATA, IO, refuse } from './io.ts'
import { KEYS, keyVersion, useKeys } from './issue.ts'
import {
  Abort,
  Command,
  Confirm,
  DIGEST_BYTES,
  Direction,
  Fence,
  KeySet,
  PROTOCOL_VERSION,
  Sealed,
  Settings,
  Type,
} from './layout.ts'
import { abort, command } from './operation.ts'
import { BODY, beginText, seal, unseal } from './seal.ts'
import { fence, set } from './settings.ts'
import { INSTRUCTION_UNKNOWN, KEY_VERSION_UNKNOWN, LENGTH_WRONG, MAC_WRONG } from './status.ts'

const LONGEST = Abort.SIZE

/** INS 10. Up to its verdict the work depends on the length alone. */
export function message(size: i32): i32 {
  const textSize = size - Sealed.TEXT
  if (textSize < 0 || textSize > LONGEST) return refuse(LENGTH_WRONG)
  if (!useKeys(load<u8>(DATA + Sealed.KEY_VERSION))) return refuse(KEY_VERSION_UNKNOWN)
  const type: u32 = load<u8>(DATA + Sealed.TYPE)
  beginText(type, Direction.TO_CHIP, keyVersion())
  const authentic = unseal(DATA + Sealed.TAG, BODY, textSize, KEYS + KeySet.MAC)
  if (!authentic || load<u8>(DATA + Sealed.VERSION) !== PROTOCOL_VERSION) return refuse(MAC_WRONG)
  const status = obey(type, textSize)
  return type === Type.FENCE ? fenced(status) : result(status)
}

function obey(type: u32, size: i32): i32 {
  if (size !== sizeOf(type)) return sizeOf(type) < 0 ? INSTRUCTION_UNKNOWN : LENGTH_WRONG
  if (type === Type.COMMAND) return command()
  if (type === Type.ABORT) return abort()
  if (type === Type.CONFIRM) return confirm()
  if (type === Type.SET) return set()
  if (type === Type.FENCE) return fence()
  return head.reason
}

/** −1 for what no center says. */
function sizeOf(type: u32): i32 {
  if (type === Type.COMMAND) return Command.SIZE
  if (type === Type.ABORT) return Abort.SIZE
  if (type === Type.CONFIRM) return Confirm.SIZE
  if (type === Type.SET) return Settings.SIZE
  if (type === Type.FENCE) return Fence.SIZE
  return type === Type.READ ? 0 : -1
}

function result(status: i32): i32 {
  beginText(Type.RESULT, Direction.TO_CENTER, keyVersion())
  putOutcomes(status)
  return sealed(Type.RESULT)
}

/** The latest eight outcomes, newest first, the latest operation always among them (C-2, F-12). */
function fenced(status: i32): i32 {
  beginText(Type.FENCED, Direction.TO_CENTER, keyVersion())
  putOutcomes(status)
  putRemembered()
  putBytes(RING, EARLIER_BYTES)
  return sealed(Type.FENCED)
}

/** Under the key version of the question; a body always makes the same bytes (C-3). */
function sealed(type: u32): i32 {
  const size = (pen - BODY) as i32
  writeFrom(IO)
  put8(PROTOCOL_VERSION)
  put8(type)
  put8(keyVersion())
  return answer(Sealed.TAG + seal(IO + Sealed.TAG, BODY, size, KEYS + KeySet.MAC))
}

/** message.ts: outcomes. */
function putOutcomes(status: i32): void {
  put16(status)
  putRemembered()
  put8(head.flag)
  put32(head.amount)
  put64(head.credits)
  put64(head.debits)
  put32(head.seq)
  put64(head.offlineAmount)
  put32(head.offlineCount)
  put64(head.acknowledgedAmount)
  put32(head.acknowledgedCount)
  put32(head.epochFloor)
  put64(head.settingsPlace)
  put8(head.blocked)
  put8(head.frozen)
  put8(head.pinTries)
  put32(head.time)
}
