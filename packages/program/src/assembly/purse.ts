// The purse program's door: what the chip calls (../host.ts), and which instruction goes where.
import { load16, put8, putBytes, writeFrom } from './bytes.ts'
import { debit, readReceipt, voidDebit } from './debit.ts'
import { head, readHead, value } from './head.ts'
import { hello, request } from './holder.ts'
import { answer, HEADER_SIZE, IO, refuse } from './io.ts'
import { readIdentity } from './issue.ts'
import { CHALLENGE_BYTES, PROTOCOL_VERSION } from './layout.ts'
import { message } from './message.ts'
import { takeGroup } from './personalise.ts'
import { verifyPin } from './pin.ts'
import { CHALLENGE, resetSession } from './session.ts'
import { CLASS_UNKNOWN, DATA_WRONG, INSTRUCTION_UNKNOWN, LENGTH_WRONG, NOT_PERSONALISED } from './status.ts'
import { introduction } from './terminal.ts'

const CLA = 0x80
const RECORD_LAYOUT = 1

namespace Ins {
  export const MESSAGE = 0x10
  export const INTRODUCE = 0x20
  export const DEBIT = 0x22
  export const VOID = 0x24
  export const READ_RECEIPT = 0x26
  export const HOLDER_HELLO = 0x30
  export const HOLDER_REQUEST = 0x32
  export const VERIFY_PIN = 0x34
}

export function buffer(): usize {
  return IO
}

export function version(): i32 {
  return RECORD_LAYOUT
}

/** All that anybody learns who has not authenticated himself (C-11). */
export function select(): i32 {
  resetSession()
  writeFrom(IO)
  put8(PROTOCOL_VERSION)
  putBytes(CHALLENGE, CHALLENGE_BYTES)
  return answer(1 + CHALLENGE_BYTES)
}

export function process(size: i32): i32 {
  if (size < HEADER_SIZE || size !== HEADER_SIZE + (load16(IO + 4) as i32)) return refuse(LENGTH_WRONG)
  if (load<u8>(IO) !== CLA) return refuse(CLASS_UNKNOWN)
  if (!readHead() || !readIdentity()) return refuse(NOT_PERSONALISED)
  if (load16(IO + 2) !== 0) return refuse(DATA_WRONG)
  return dispatch(load<u8>(IO + 1), size - HEADER_SIZE)
}

function dispatch(ins: u32, size: i32): i32 {
  switch (ins) {
    case Ins.MESSAGE:
      return message(size)
    case Ins.INTRODUCE:
      return introduction(size)
    case Ins.DEBIT:
      return debit(size)
    case Ins.VOID:
      return voidDebit(size)
    case Ins.READ_RECEIPT:
      return readReceipt(size)
    case Ins.HOLDER_HELLO:
      return hello(size)
    case Ins.HOLDER_REQUEST:
      return request(size)
    case Ins.VERIFY_PIN:
      return verifyPin(size)
    default:
      return refuse(INSTRUCTION_UNKNOWN)
  }
}

export function personalise(size: i32): i32 {
  return takeGroup(size)
}

/** No value, nothing unconfirmed, every receipt acknowledged: or nobody's yet (C-5). */
export function removable(): i32 {
  if (!readHead()) return 1
  const acknowledged = head.offlineAmount === head.acknowledgedAmount && head.offlineCount === head.acknowledgedCount
  return value() === 0 && !head.flag && acknowledged ? 1 : 0
}
