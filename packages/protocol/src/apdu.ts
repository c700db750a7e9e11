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
  const [cla, ins, p1, p2] = apdu
  if (cla === undefined || ins === undefined || p1 === undefined || p2 === undefined) return undefined
  const body = decodeBody(apdu.slice(4))
  return body && { cla, ins, p1, p2, ...body }
}

function decodeBody(body: Bytes): { data: Bytes; expected: number } | undefined {
  const [first, second, third] = body
  if (first === undefined) return { data: NO_BYTES, expected: 0 }
  if (body.length === 1) return { data: NO_BYTES, expected: first || 256 }
  if (first !== 0) return split(body.slice(1), first, 1)
  if (second === undefined || third === undefined) return undefined
  const length = (second << 8) | third
  if (body.length === 3) return { data: NO_BYTES, expected: length || EXTENDED_MAX }
  return length === 0 ? undefined : split(body.slice(3), length, 2)
}

function split(rest: Bytes, length: number, leSize: number): { data: Bytes; expected: number } | undefined {
  const data = rest.slice(0, length)
  if (rest.length === length) return { data, expected: 0 }
  if (rest.length !== length + leSize) return undefined
  const le = leSize === 1 ? (rest[length] ?? 0) : ((rest[length] ?? 0) << 8) | (rest[length + 1] ?? 0)
  return { data, expected: le || (leSize === 1 ? 256 : EXTENDED_MAX) }
}

/** Data, then the status word. @spec ISO/IEC 7816-4 §5.1 */
export const encodeResponse = ({ data, statusWord }: ResponseApdu): Bytes => concat(data, bigEndian(statusWord, 2))

/** @returns undefined for fewer than two bytes */
export function decodeResponse(bytes: Bytes): ResponseApdu | undefined {
  const [sw1, sw2] = bytes.slice(-2)
  if (sw1 === undefined || sw2 === undefined) return undefined
  return { data: bytes.slice(0, -2), statusWord: (sw1 << 8) | sw2 }
}
