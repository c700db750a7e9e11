/**
 * Command and response APDUs of ISO/IEC 7816-4 as values, and their bytes: cases 1 to 4, short and extended lengths.
 */
import { assert } from '@kozeni/base/assert'
import { type Bytes, bigEndian, concat, NO_BYTES } from '@kozeni/base/bytes'

export interface CommandApdu {
  readonly cla: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  readonly data: Bytes
  /** How many answer bytes the sender can take: 0 none, up to 65,536. */
  readonly expected: number
}

export interface ResponseApdu {
  readonly data: Bytes
  readonly statusWord: number
}

const SHORT_MAX = 255
const EXTENDED_MAX = 65_536

/** A command; answers of up to 65,536 bytes are taken unless `expected` says otherwise. */
export const commandApdu = (cla: number, ins: number, p1: number, p2: number, data: Bytes = NO_BYTES): CommandApdu => ({
  cla,
  ins,
  p1,
  p2,
  data,
  expected: EXTENDED_MAX,
})

/** @returns the shortest of the standard's encodings. @spec ISO/IEC 7816-4 §5.2 */
export function encodeCommand({ cla, ins, p1, p2, data, expected }: CommandApdu): Bytes {
  assert(data.length < EXTENDED_MAX && expected <= EXTENDED_MAX, `${data.length} bytes of data, ${expected} expected`)
  const head = Uint8Array.of(cla, ins, p1, p2)
  const extended = data.length > SHORT_MAX || expected > SHORT_MAX + 1
  if (!extended) {
    const lc = data.length === 0 ? NO_BYTES : Uint8Array.of(data.length)
    return concat(head, lc, data, expected === 0 ? NO_BYTES : Uint8Array.of(expected & 0xff))
  }
  const lc = data.length === 0 ? NO_BYTES : concat(Uint8Array.of(0), bigEndian(data.length, 2))
  const mark = data.length === 0 ? Uint8Array.of(0) : NO_BYTES
  const le = expected === 0 ? NO_BYTES : concat(mark, bigEndian(expected & 0xffff, 2))
  return concat(head, lc, data, le)
}

/** @returns undefined when the bytes are none of the standard's cases. @spec ISO/IEC 7816-4 §5.2 */
export function decodeCommand(apdu: Bytes): CommandApdu | undefined {
  const [cla = 0, ins = 0, p1 = 0, p2 = 0] = [apdu[0], apdu[1], apdu[2], apdu[3]]
  const body = apdu.length < HEADER_BYTES ? undefined : decodeBody(apdu)
  return body && { cla, ins, p1, p2, data: body.data, expected: body.expected }
}

const HEADER_BYTES = 4

type Body = Pick<CommandApdu, 'data' | 'expected'>

/** What follows the header. */
function decodeBody(apdu: Bytes): Body | undefined {
  const size = apdu.length - HEADER_BYTES
  const first = apdu[HEADER_BYTES] ?? 0
  if (size === 0) return { data: NO_BYTES, expected: 0 }
  if (size === 1) return { data: NO_BYTES, expected: first || 256 }
  if (first !== 0) return split(apdu, HEADER_BYTES + 1, first, 1)
  if (size === 2) return undefined
  const length = twoBytes(apdu, HEADER_BYTES + 1)
  if (size === 3) return { data: NO_BYTES, expected: length || EXTENDED_MAX }
  return length === 0 ? undefined : split(apdu, HEADER_BYTES + 3, length, 2)
}

/** Data of that length from `at` on, then perhaps Le. */
function split(apdu: Bytes, at: number, length: number, leSize: 1 | 2): Body | undefined {
  const end = at + length
  if (apdu.length !== end && apdu.length !== end + leSize) return undefined
  const data = apdu.slice(at, end)
  if (apdu.length === end) return { data, expected: 0 }
  return { data, expected: leSize === 1 ? apdu[end] || 256 : twoBytes(apdu, end) || EXTENDED_MAX }
}

const twoBytes = (bytes: Bytes, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)

/** Data, then the status word. @spec ISO/IEC 7816-4 §5.1 */
export const encodeResponse = ({ data, statusWord }: ResponseApdu): Bytes => concat(data, bigEndian(statusWord, 2))

/** @returns undefined for fewer than two bytes */
export function decodeResponse(bytes: Bytes): ResponseApdu | undefined {
  const [sw1, sw2] = bytes.slice(-2)
  if (sw1 === undefined || sw2 === undefined) return undefined
  return { data: bytes.slice(0, -2), statusWord: (sw1 << 8) | sw2 }
}
