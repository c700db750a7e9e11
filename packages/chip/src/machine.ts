/**
 * A module come to life: its memory, its globals, its fuel, and the host's functions bound to one program's surroundings. To
 * make one costs the engine as much as two signatures, so that a machine whose program has lost its memory is wiped and used
 * again, by any program of the same module. Nothing of the one is there for the next (C-5).
 */
import type { Bytes } from '@kozeni/base/bytes'
import type { ProgramExportName } from '@kozeni/program/host'
import { hostFunctions } from './host-functions.ts'
import { FUEL, GLOBAL } from './module.ts'
import { type Surroundings, Trap } from './surroundings.ts'

/**
 * What one call may use, of either of two tanks: the program's own, where a loop's round and a function's entry cost 1, and
 * the host's, for what it does at the program's wish (host-functions.ts).
 */
export const FUEL_PER_CALL = 1_000_000

/** Wiped machines that wait, by module. */
const resting = new WeakMap<WebAssembly.Module, Machine[]>()
const RESTING_MAX = 256

/** A machine for a program that has no memory yet. */
export function machineFor(module: WebAssembly.Module, surroundings: Surroundings): Machine {
  const machine = resting.get(module)?.pop() ?? new Machine(module)
  machine.surroundings = surroundings
  return machine
}

export class Machine {
  /** Of the program that runs on it; none while it rests. */
  surroundings: Surroundings | undefined
  readonly #module: WebAssembly.Module
  readonly #exports: WebAssembly.Exports
  readonly #memory: Bytes
  readonly #fuel: WebAssembly.Global
  /** What is left in the host's tank. */
  #work = 0
  /** The memory as it begins, as far as it is not zero. */
  readonly #beginning: Bytes
  readonly #globals: ReadonlyArray<readonly [global: WebAssembly.Global, beginning: unknown]>

  constructor(module: WebAssembly.Module) {
    const access = {
      get: (at: number, size: number) => this.#view(at, size),
      put: (at: number, bytes: Bytes) => this.put(at, bytes),
      burn: (work: number) => this.#burn(work),
    }
    const { exports } = new WebAssembly.Instance(module, { host: { ...hostFunctions(() => this.#around(), access) } })
    const [memory, fuel] = [exports['memory'], exports[FUEL]]
    if (!(memory instanceof WebAssembly.Memory) || !(fuel instanceof WebAssembly.Global))
      throw new Trap('not an admitted module')
    this.#module = module
    this.#exports = exports
    this.#memory = new Uint8Array(memory.buffer)
    this.#fuel = fuel
    this.#beginning = this.#memory.slice(0, 1 + this.#memory.findLastIndex(byte => byte !== 0))
    this.#globals = Object.entries(exports).flatMap(([name, global]) =>
      name.startsWith(GLOBAL) && global instanceof WebAssembly.Global ? [[global, global.value] as const] : [],
    )
  }

  call(name: ProgramExportName, ...parameters: readonly number[]): number {
    const run = this.#exports[name]
    if (typeof run !== 'function') throw new Trap(`no ${name}`)
    this.#fuel.value = FUEL_PER_CALL
    this.#work = FUEL_PER_CALL
    const answer: unknown = run(...parameters)
    if (typeof answer !== 'number') throw new Trap(`${name} answers no number`)
    return answer >>> 0
  }

  /** A copy of `size` bytes of the program's memory. */
  get(at: number, size: number): Bytes {
    return this.#view(at, size).slice()
  }

  #view(at: number, size: number): Bytes {
    return this.#memory.subarray(this.#start(at, size), (at >>> 0) + (size >>> 0))
  }

  put(at: number, bytes: Bytes): void {
    this.#memory.set(bytes, this.#start(at, bytes.length))
  }

  /** Becomes what it was when it was made, and waits for the next program. */
  rest(): void {
    this.surroundings = undefined
    this.#memory.fill(0, this.#beginning.length).set(this.#beginning)
    for (const [global, beginning] of this.#globals) global.value = beginning
    const others = resting.get(this.#module) ?? []
    if (others.length < RESTING_MAX) others.push(this)
    resting.set(this.#module, others)
  }

  /** WebAssembly's i32 come signed; pointers are not. */
  #start(at: number, size: number): number {
    if ((at >>> 0) + (size >>> 0) > this.#memory.length) throw new Trap('out of its memory')
    return at >>> 0
  }

  #around(): Surroundings {
    if (this.surroundings === undefined) throw new Trap('no surroundings')
    return this.surroundings
  }

  #burn(work: number): void {
    this.#work -= work
    if (this.#work < 0) throw new Trap('out of fuel')
  }
}
