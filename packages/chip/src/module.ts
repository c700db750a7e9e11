/**
 * The gate for programs: reads a WebAssembly module itself, section by section, and lets through only what the contract
 * allows (host.ts of the program package): these imports, these exports, one page of memory, integers, nothing else.
 * What comes out is metered (meter.ts). The engine then checks types on its own.
 */
import { type Bytes, concat, equal, unhex, utf8 } from '@kozeni/base/bytes'
import { no, ok, type Result } from '@kozeni/base/result'
import { HOST_FUNCTIONS, HOST_MODULE, type HostFunction, PROGRAM_EXPORTS } from '@kozeni/program/host'
import { Cursor, fits, leb, Unfit } from './cursor.ts'
import { MODULE_BYTES_MAX } from './memory-map.ts'
import { integer, metered } from './meter.ts'

const PREAMBLE = unhex('0061736d01000000')

const SECTION = { type: 1, import: 2, function: 3, memory: 5, global: 6, export: 7, code: 10, data: 11 } as const
const CUSTOM = 0
const KIND = { function: 0, memory: 2, global: 3 } as const
const I32 = 0x7f
const CONST = { 0x41: 32, 0x42: 64 } as const
const END = 0x0b

/** The global in which the host puts a command's fuel. A name that no program can use: its exports are all known. */
export const FUEL = 'fuel'
/** What the names begin with under which the host sees the program's own variables, to set them back. */
export const GLOBAL = 'global-'

/**
 * @returns the module, metered, or in one phrase why it may not run on a chip
 * @spec C-5
 */
export function admit(module: Bytes): Result<WebAssembly.Module, string> {
  if (module.length > MODULE_BYTES_MAX) return no(`larger than ${MODULE_BYTES_MAX} bytes`)
  try {
    return ok(new WebAssembly.Module(new Uint8Array(rebuilt(readSections(module)))))
  } catch (error) {
    if (error instanceof Unfit || error instanceof WebAssembly.CompileError) return no(error.message)
    throw error
  }
}

type Sections = ReadonlyMap<number, Bytes>

/** Sections by number; custom ones say nothing that a chip needs, and are left out. */
function readSections(module: Bytes): Sections {
  fits(equal(module.slice(0, 8), PREAMBLE), 'not WebAssembly 1')
  const cursor = new Cursor(module.subarray(8))
  const sections = new Map<number, Bytes>()
  let last = 0
  while (!cursor.done) {
    const id = cursor.byte()
    const content = cursor.take(cursor.u32())
    if (id === CUSTOM) continue
    fits(Object.values<number>(SECTION).includes(id), `section ${id}`)
    fits(id > last, 'sections out of order')
    last = id
    sections.set(id, content)
  }
  return sections
}

function rebuilt(sections: Sections): Bytes {
  const types = readTypes(sections)
  const functions = [...readImports(sections, types), ...readFunctions(sections, types)]
  readMemory(sections)
  readData(sections)
  readExports(sections, functions)
  const variables = readGlobals(sections)
  const fuel = variables.length
  const out = new Map(sections)
  out.set(SECTION.global, appended(sections.get(SECTION.global), Uint8Array.of(I32, 1, 0x41, 0, END)))
  const seen = [exported(FUEL, fuel), ...variables.flatMap((is, at) => (is ? [exported(`${GLOBAL}${at}`, at)] : []))]
  out.set(SECTION.export, appended(sections.get(SECTION.export), ...seen))
  out.set(SECTION.code, meteredCode(sections, fuel))
  const order = [...out.keys()].toSorted((a, b) => a - b)
  return concat(PREAMBLE, ...order.map(id => sized(Uint8Array.of(id), out.get(id) ?? PREAMBLE)))
}

const sized = (before: Bytes, content: Bytes): Bytes => concat(before, leb(content.length), content)

/** A global's export. */
const exported = (name: string, index: number): Bytes =>
  concat(sized(Uint8Array.of(), utf8(name)), Uint8Array.of(KIND.global), leb(index))

/** A vector with elements more. */
function appended(vector: Bytes | undefined, ...more: readonly Bytes[]): Bytes {
  const cursor = new Cursor(vector ?? Uint8Array.of(0))
  const count = cursor.u32()
  return concat(leb(count + more.length), (vector ?? Uint8Array.of(0)).subarray(cursor.at), ...more)
}

/** All elements of a section, which must fill it; none when there is no such section. */
function elements<T>(sections: Sections, id: number, one: (cursor: Cursor) => T): readonly T[] {
  const content = sections.get(id)
  if (content === undefined) return []
  const cursor = new Cursor(content)
  const found = cursor.list(() => one(cursor))
  fits(cursor.done, `more in section ${id} than it says`)
  return found
}

interface Signature {
  readonly parameters: readonly number[]
  readonly results: readonly number[]
}

const readTypes = (sections: Sections): readonly Signature[] =>
  elements(sections, SECTION.type, cursor => {
    fits(cursor.byte() === 0x60, 'a type that is no function')
    const values = (): readonly number[] => cursor.list(() => integer(cursor.byte()))
    return { parameters: values(), results: values() }
  })

const typeAt = (types: readonly Signature[], index: number): Signature => {
  const type = types[index]
  fits(type !== undefined, 'a type that is not there')
  return type
}

const readImports = (sections: Sections, types: readonly Signature[]): readonly Signature[] =>
  elements(sections, SECTION.import, cursor => {
    const [module, name, kind] = [cursor.name(), cursor.name(), cursor.byte()]
    fits(module === HOST_MODULE && kind === KIND.function, `import ${module}.${name}`)
    return agreed(typeAt(types, cursor.u32()), HOST_FUNCTIONS, name)
  })

/** The signature, when the contract has one of that name and it is this. */
function agreed(type: Signature, contract: Readonly<Record<string, HostFunction>>, name: string): Signature {
  const wanted = Object.hasOwn(contract, name) ? contract[name] : undefined
  fits(wanted !== undefined, `${name} is not in the contract`)
  const { parameters, results } = type
  const same = parameters.length === wanted.parameters && results.length === Number(wanted.answers)
  fits(same && [...parameters, ...results].every(value => value === I32), `${name} has another signature`)
  return type
}

const readFunctions = (sections: Sections, types: readonly Signature[]): readonly Signature[] =>
  elements(sections, SECTION.function, cursor => typeAt(types, cursor.u32()))

function readMemory(sections: Sections): void {
  const memories = elements(sections, SECTION.memory, cursor => {
    fits(cursor.byte() === 1, 'memory without a maximum')
    return [cursor.u32(), cursor.u32()]
  })
  fits(memories.length === 1 && (memories[0] ?? []).every(pages => pages === 1), 'memory of other than one page')
}

function readData(sections: Sections): void {
  elements(sections, SECTION.data, cursor => {
    fits(cursor.u32() === 0, 'data of another kind')
    fits(cursor.byte() === 0x41, 'data at a place not known beforehand')
    cursor.skipSigned(32) // data beyond the page ends the first instantiation, which loading includes
    fits(cursor.byte() === END, 'data at a place not known beforehand')
    cursor.take(cursor.u32())
  })
}

function readExports(sections: Sections, functions: readonly Signature[]): void {
  const names = elements(sections, SECTION.export, cursor => {
    const [name, kind, index] = [cursor.name(), cursor.byte(), cursor.u32()]
    if (name === 'memory') fits(kind === KIND.memory && index === 0, 'memory is something else')
    else {
      fits(kind === KIND.function, `${name} is not in the contract`)
      agreed(typeAt(functions, index), PROGRAM_EXPORTS, name)
    }
    return name
  })
  for (const name of ['memory', ...Object.keys(PROGRAM_EXPORTS)]) fits(names.includes(name), `${name} is missing`)
}

/** For each global, whether it is a variable. */
const readGlobals = (sections: Sections): readonly boolean[] =>
  elements(sections, SECTION.global, cursor => {
    integer(cursor.byte())
    const variable = cursor.byte() === 1
    const code = cursor.byte()
    fits(code === 0x41 || code === 0x42, 'a global not known beforehand')
    cursor.skipSigned(CONST[code])
    fits(cursor.byte() === END, 'a global not known beforehand')
    return variable
  })

function meteredCode(sections: Sections, fuel: number): Bytes {
  const bodies = elements(sections, SECTION.code, cursor => metered(new Cursor(cursor.take(cursor.u32())), fuel))
  return concat(leb(bodies.length), ...bodies.map(body => sized(new Uint8Array(0), body)))
}
