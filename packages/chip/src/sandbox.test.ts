import { type Bytes, concat } from '@kozeni/base/bytes'
import { SeededDice } from '@kozeni/base/dice'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { leb } from './cursor.ts'
import { admit } from './module.ts'
import { assembled, body, EXPORTS, exportOf, importOf, name, type Parts, section, vector } from './module-for-tests.ts'
import { NOTE, notebook } from './program-for-tests-node.ts'
import { answerOf } from './programs.ts'
import { areaBytes, openRecordStore, type RecordStore } from './record-store.ts'
import { Program } from './sandbox.ts'
import { MemorySilicon } from './silicon-memory.ts'

let module: Bytes

beforeAll(async () => {
  module = await notebook()
})

const AREA = { at: 0, pages: 64, pageBytes: 512 }

interface Started {
  readonly program: Program
  readonly store: RecordStore
  readonly silicon: MemorySilicon
}

function start(bytes = module): Started {
  const admitted = admit(bytes)
  if (!admitted.ok) return expect.fail(admitted.refusal)
  const silicon = new MemorySilicon(areaBytes(AREA))
  const store = openRecordStore(silicon, AREA)
  const surroundings = { store, crypto: nodeCrypto, dice: new SeededDice(1) }
  return { program: new Program(admitted.value, surroundings), store, silicon }
}

const note = (program: Program, ins: number, page = 0, data: readonly number[] = []): number => {
  const input = Uint8Array.of(0x80, ins, page, 0, 0, data.length, ...data)
  return answerOf(program.exchange('process', input)).statusWord
}

test('a program writes and reads its own pages', () => {
  const { program, store } = start()
  expect(note(program, NOTE.write, 5, [1, 2, 3])).toBe(0x9000)
  expect(store.read(5)).toEqual(Uint8Array.of(1, 2, 3))
  expect(note(program, NOTE.read, 5)).toBe(0x9000)
  expect(note(program, NOTE.read, 6)).toBe(0x6a88)
  expect(program.ask('removable')).toBe(1)
  expect(program.ask('version')).toBe(1)
})

test.each([
  ['loops for ever', NOTE.writeAndLoop],
  ['calls itself for ever', NOTE.recurse],
  ['points out of its memory', NOTE.writeAndPointOut],
  ['signs for ever', NOTE.signForEver],
  ['writes for ever', NOTE.writeForEver],
  ['answers more than its buffer', NOTE.answerTooLong],
  ['answers a status word that there is not', NOTE.answerOddStatus],
  ['writes more than a page', NOTE.writePageTooLarge],
  ['signs with a key that is none', NOTE.signWithZero],
])('a program that %s is stopped soon, and is there again for the next command', (_, ins) => {
  const { program, silicon } = start()
  const from = performance.now()
  expect(note(program, ins, 1, [7])).toBe(0x6f00)
  expect(performance.now() - from).toBeLessThan(2000)
  expect(silicon.wear.writes).toBeLessThan(300)
  expect(note(program, NOTE.write, 2, [8])).toBe(0x9000)
})

test('a program that lost its memory leaves nothing of it to the next one, neither bytes nor variables', () => {
  const admitted = admit(module)
  if (!admitted.ok) return expect.fail(admitted.refusal)
  const { store } = start()
  const begin = () => new Program(admitted.value, { store, crypto: nodeCrypto, dice: new SeededDice(1) })
  const counted = (program: Program) => program.exchange('process', Uint8Array.of(0x80, NOTE.count, 0, 0, 0, 0))
  const buffer = (program: Program) => program.exchange('process', Uint8Array.of(0x80, NOTE.answerLong, 150, 0, 0, 0))
  const fresh = buffer(begin())
  for (let life = 0; life < 3; life++) {
    const program = begin()
    expect(buffer(program)).toEqual(fresh)
    expect(counted(program)?.[0]).toBe(2)
    note(
      program,
      NOTE.write,
      3,
      Array.from({ length: 250 }, () => 0x5e),
    )
    expect(buffer(program)).not.toEqual(fresh)
    program.reset()
  }
})

test('no page outside 0 to 63 can be named', () => {
  for (const page of [64, 65, 200, 255]) expect(note(start().program, NOTE.read, page)).toBe(0x6f00)
})

test('what a stopped program had written stands, and nothing is written after it', () => {
  for (const ins of [NOTE.writeAndLoop, NOTE.writeAndPointOut]) {
    const { program, store } = start()
    expect(note(program, ins, 1, [7])).toBe(0x6f00)
    expect(store.read(1)).toEqual(Uint8Array.of(7))
  }
})

test('a stopped program begins with an empty memory', () => {
  const { program } = start()
  const count = (): number | undefined => program.exchange('process', Uint8Array.of(0x80, NOTE.count, 0, 0, 0, 0))?.[0]
  expect([count(), count(), count()]).toEqual([1, 2, 3])
  note(program, NOTE.writeAndLoop)
  expect(count()).toBe(1)
})

test('the same input stops at the same place every time', () => {
  const pages = [0, 1].map(() => {
    const { program, store } = start()
    note(program, NOTE.writeForEver, 3)
    return store.read(3)
  })
  expect(pages[0]).toEqual(pages[1])
})

test('the smallest module that keeps the contract is admitted', () => {
  expect(admit(assembled())).toMatchObject({ ok: true })
  expect(start(assembled()).program.ask('version')).toBe(0)
})

const F32_CONST = [0x43, 0, 0, 0, 0]

test.each<[string, Parts, string]>([
  ['another version of WebAssembly', { preamble: Uint8Array.of(0, 0x61, 0x73, 0x6d, 2, 0, 0, 0) }, 'not WebAssembly'],
  ['an import from elsewhere', { imports: importOf('env', 'storeRead', 0, 0) }, 'import env'],
  ['an import not in the contract', { imports: importOf('host', 'clock', 0, 0) }, 'not in the contract'],
  ['an import with another signature', { imports: importOf('host', 'storeRead', 0, 1) }, 'another signature'],
  ['an imported memory', { imports: importOf('host', 'memory', 2, 0) }, 'import host'],
  ['an inherited name as import', { imports: importOf('host', 'constructor', 0, 0) }, 'not in the contract'],
  ['no maximum of memory', { memory: Uint8Array.of(1, 0, 1) }, 'maximum'],
  ['two pages of memory', { memory: Uint8Array.of(1, 1, 1, 2) }, 'one page'],
  ['no memory', { memory: Uint8Array.of(0) }, 'one page'],
  ['an export missing', { exports: vector(exportOf('memory', 2, 0)) }, 'missing'],
  ['an export too many', { exports: vector(exportOf('extra', 0, 0)) }, 'not in the contract'],
  ['an export with another signature', { exports: vector(exportOf('process', 0, 0)) }, 'another signature'],
  ['memory under another kind', { exports: vector(exportOf('memory', 0, 0)) }, 'something else'],
  ['a global of the contract’s own name', { exports: vector(exportOf('fuel', 3, 0)) }, 'not in the contract'],
  ['a start function', { extra: section(8, Uint8Array.of(0)) }, 'section 8'],
  ['a section twice', { extra: section(7, EXPORTS) }, 'out of order'],
  ['an element section', { extra: section(9, Uint8Array.of(0)) }, 'section 9'],
  ['a float type', { types: vector(Uint8Array.of(0x60, 0, 1, 0x7d)) }, 'type 7d'],
  ['a float local', { body: Uint8Array.of(1, 1, 0x7d, 0x41, 0, 0x0b) }, 'type 7d'],
  ['a float constant', { body: body(...F32_CONST, 0x1a, 0x41, 0, 0x0b) }, 'instruction 43'],
  ['memory.grow', { body: body(0x41, 1, 0x40, 0, 0x0b) }, 'instruction 40'],
  ['an indirect call', { body: body(0x41, 0, 0x11, 0, 0, 0x0b) }, 'instruction 11'],
  ['bulk memory', { body: body(0xfc, 0x0a, 0, 0, 0x0b) }, 'instruction fc'],
  ['sign extension', { body: body(0x41, 0, 0xc0, 0x0b) }, 'instruction c0'],
  ['SIMD', { body: body(0xfd, 0x0c, 0x0b) }, 'instruction fd'],
  ['a block of float type', { body: body(0x02, 0x7d, 0x0b, 0x0b) }, 'block'],
  ['too many locals', { body: concat(Uint8Array.of(1), leb(5000), Uint8Array.of(0x7f, 0x41, 0, 0x0b)) }, 'locals'],
  ['a computed global', { globals: Uint8Array.of(1, 0x7f, 0, 0x23, 0, 0x0b) }, 'global'],
  ['data without a place', { data: Uint8Array.of(1, 1, 1, 7) }, 'another kind'],
  ['types that do not fit', { body: body(0x42, 0, 0x0b) }, ''],
  ['a body that does not end', { body: body(0x41, 0) }, ''],
])('refused at loading: %s', (_, parts, why) => {
  const answer = admit(assembled(parts))
  expect(answer.ok).toBe(false)
  if (!answer.ok) expect(answer.refusal).toContain(why)
})

test('data beyond the page stop the program before it begins', () => {
  const data = concat(Uint8Array.of(1, 0, 0x41), Uint8Array.of(0xff, 0xff, 3), Uint8Array.of(0x0b, 2, 7, 7))
  expect(start(assembled({ data })).program.ask('version')).toBeUndefined()
})

test('a module larger than the cap is refused, however it got so large', () => {
  const custom = section(0, concat(name('x'), new Uint8Array(24 * 1024)))
  expect(admit(concat(assembled(), custom)).ok).toBe(false)
  expect(admit(concat(assembled(), section(0, name('small')))).ok).toBe(true)
})

test('no string of bytes brings the loader down, and what it admits keeps the contract and comes to an end', () => {
  const bytes = assembled()
  const edits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(fc.constantFrom(bytes, module), edits, fc.nat(), (base, changes, cut) => {
      const mutant = cut % 3 === 0 ? base.slice(0, cut % base.length) : base.slice()
      for (const [at, value] of changes) mutant[at % mutant.length] = value
      const answer = admit(mutant)
      if (answer.ok)
        expect(WebAssembly.Module.imports(answer.value).every(({ module: from }) => from === 'host')).toBe(true)
    }),
    { numRuns: 5000 },
  )
})
