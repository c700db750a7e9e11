/** Modules put together by hand for tests: the smallest that keeps the contract, and others wrong in one part. */
import { type Bytes, concat, utf8 } from '@kozeni/base/bytes'
import { PROGRAM_EXPORTS } from '@kozeni/program/host'
import { leb } from './cursor.ts'

const sized = (content: Bytes): Bytes => concat(leb(content.length), content)
/** Items, their count before them. */
export const vector = (...items: readonly Bytes[]): Bytes => concat(leb(items.length), ...items)
/** A name, its length before it. */
export const name = (text: string): Bytes => sized(utf8(text))
/** A section with its number. */
export const section = (id: number, content: Bytes): Bytes => concat(Uint8Array.of(id), sized(content))

const TYPES = vector(Uint8Array.of(0x60, 0, 1, 0x7f), Uint8Array.of(0x60, 1, 0x7f, 1, 0x7f))
/** One export. */
export const exportOf = (text: string, kind: number, index: number): Bytes =>
  concat(name(text), Uint8Array.of(kind, index))
const NAMES = Object.entries(PROGRAM_EXPORTS)
/** Everything that the contract wants: functions without parameters are the first, the others the second. */
export const EXPORTS = vector(
  exportOf('memory', 2, 0),
  ...NAMES.map(([text, { parameters }]) => exportOf(text, 0, parameters)),
)
const ZERO = Uint8Array.of(0, 0x41, 0, 0x0b)
const code = (body: Bytes): Bytes => vector(sized(body), sized(ZERO))

export interface Parts {
  readonly preamble?: Bytes
  readonly types?: Bytes
  readonly imports?: Bytes
  readonly memory?: Bytes
  readonly globals?: Bytes
  readonly exports?: Bytes
  readonly extra?: Bytes
  readonly body?: Bytes
  readonly data?: Bytes
}

/** A module of these parts; whatever is not given is as it should be. */
export function assembled(parts: Parts = {}): Bytes {
  return concat(
    parts.preamble ?? Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0),
    section(1, parts.types ?? TYPES),
    ...(parts.imports ? [section(2, parts.imports)] : []),
    section(3, Uint8Array.of(2, 0, 1)),
    section(5, parts.memory ?? Uint8Array.of(1, 1, 1, 1)),
    ...(parts.globals ? [section(6, parts.globals)] : []),
    section(7, parts.exports ?? EXPORTS),
    parts.extra ?? new Uint8Array(0),
    section(10, code(parts.body ?? ZERO)),
    ...(parts.data ? [section(11, parts.data)] : []),
  )
}

/** A function's body without locals. */
export const body = (...bytes: number[]): Bytes => Uint8Array.of(0, ...bytes)
/** An import section with one import. */
export const importOf = (from: string, what: string, kind: number, type: number): Bytes =>
  vector(concat(name(from), name(what), Uint8Array.of(kind, type)))
