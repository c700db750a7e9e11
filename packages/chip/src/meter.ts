/**
 * Reads one function's instructions, lets only those through that a chip's interpreter has, and puts a gauge at its entry
 * and at the head of each loop: a program that will not end runs out of fuel and stops.
 * @see docs/decisions/0003-stopping-a-runaway-program.md
 */
import { type Bytes, concat } from '@kozeni/base/bytes'
import { type Cursor, fits, leb, Unfit } from './cursor.ts'

/** What follows an instruction's first byte. */
type Operand = 'none' | 'block' | 'index' | 'table' | 'memory' | 'zero' | 'i32' | 'i64'

const LOOP = 0x03
const END = 0x0b
const I32 = 0x7f
const I64 = 0x7e
const NOTHING = 0x40
const LOCALS_MAX = 1024

const range = (from: number, to: number): readonly number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** WebAssembly 1.0 without floats, indirect calls and memory.grow. */
const INSTRUCTIONS: ReadonlyArray<readonly [Operand, readonly number[]]> = [
  ['none', [0x00, 0x01, 0x05, END, 0x0f, 0x1a, 0x1b]], // unreachable nop else end return drop select
  ['block', [0x02, LOOP, 0x04]], //                       block loop if
  ['index', [0x0c, 0x0d, 0x10, ...range(0x20, 0x24)]], // br br_if call, locals and globals
  ['table', [0x0e]], //                                   br_table
  ['memory', [0x28, 0x29, ...range(0x2c, 0x37), ...range(0x3a, 0x3e)]], // loads and stores of integers
  ['zero', [0x3f]], //                                    memory.size
  ['i32', [0x41]],
  ['i64', [0x42]],
  ['none', range(0x45, 0x5a)], //                         comparisons of integers
  ['none', range(0x67, 0x8a)], //                         arithmetic of integers
  ['none', [0xa7, 0xac, 0xad]], //                        wrap and extend
]

const OPERAND = new Map(INSTRUCTIONS.flatMap(([operand, codes]) => codes.map(code => [code, operand] as const)))

/** Out of fuel? Stop. Otherwise one less: `fuel == 0 ? unreachable : fuel -= 1`. */
const gauge = (fuel: number): Bytes =>
  concat(
    Uint8Array.of(0x23, ...leb(fuel), 0x45, 0x04, NOTHING, 0x00, END),
    Uint8Array.of(0x23, ...leb(fuel), 0x41, 1, 0x6b, 0x24, ...leb(fuel)),
  )

/**
 * @param body  positioned at a function's locals, holding nothing after the function
 * @param fuel  index of the global that holds what is left
 * @returns     the function with its gauges
 * @throws      Unfit
 */
export function metered(body: Cursor, fuel: number): Bytes {
  const parts: Bytes[] = [body.since(skipLocals(body)), gauge(fuel)]
  while (!body.done) {
    const from = body.at
    const code = body.byte()
    skipOperand(body, code)
    parts.push(body.since(from))
    if (code === LOOP) parts.push(gauge(fuel))
  }
  return concat(...parts)
}

/** @returns where they began */
function skipLocals(body: Cursor): number {
  const from = body.at
  const counts = body.list(() => {
    const count = body.u32()
    integer(body.byte())
    return count
  })
  fits(counts.reduce((sum, count) => sum + count, 0) <= LOCALS_MAX, 'too many locals')
  return from
}

function skipOperand(body: Cursor, code: number): void {
  switch (OPERAND.get(code)) {
    case 'none':
      return
    case 'index':
      body.u32()
      return
    case 'memory':
      body.u32()
      body.u32()
      return
    case 'i32':
      return body.skipSigned(32)
    case 'i64':
      return body.skipSigned(64)
    case 'table':
      body.list(() => body.u32())
      body.u32()
      return
    case 'block':
      return fits([I32, I64, NOTHING].includes(body.byte()), 'a block of another type')
    case 'zero':
      return fits(body.byte() === 0, 'another memory')
    case undefined:
      throw new Unfit(`instruction ${code.toString(16)}`)
  }
}

/** Ends the reading unless the type is one of the two integers'. */
export function integer(type: number): number {
  fits(type === I32 || type === I64, `type ${type.toString(16)}`)
  return type
}
