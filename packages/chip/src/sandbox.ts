/**
 * Runs one program: its module, its own memory, its own store, the host's cryptography, and so much fuel for each call.
 * Whatever goes wrong inside ends that call, never the chip; after it the program starts afresh, with an empty memory.
 * @spec C-5
 */
import { type Bytes, hex } from '@kozeni/base/bytes'
import { IO_BYTES, type ProgramExportName } from '@kozeni/program/host'
import { hostFunctions } from './host-functions.ts'
import { admit, FUEL } from './module.ts'
import { Defective } from './record-store.ts'
import { PowerLost } from './silicon.ts'
import { type Surroundings, Trap } from './surroundings.ts'

/** What one call may use: a loop's round and a function's entry cost 1, the host's work more (host-functions.ts). */
export const FUEL_PER_CALL = 1_000_000

/** A program with its memory, running. */
export class Program {
  readonly #module: WebAssembly.Module
  readonly #surroundings: Surroundings
  #instance: Instance | undefined

  constructor(module: WebAssembly.Module, surroundings: Surroundings) {
    this.#module = module
    this.#surroundings = surroundings
  }

  /**
   * Puts `input` into the program's buffer and calls it; what it leaves there comes back.
   *
   * @returns undefined when it was stopped. What it had stored until then stays.
   * @throws PowerLost, Defective
   */
  exchange(name: Extract<ProgramExportName, 'select' | 'process' | 'personalise'>, input: Bytes): Bytes | undefined {
    return this.#guarded(instance => {
      const at = instance.call('buffer')
      instance.put(at, input)
      const size = name === 'select' ? instance.call(name) : instance.call(name, input.length)
      if (size > IO_BYTES) throw new Trap(`an answer of ${size} bytes`)
      return instance.get(at, size)
    })
  }

  /** What the program answers to a question without input, undefined when it was stopped. */
  ask(name: Extract<ProgramExportName, 'removable' | 'version'>): number | undefined {
    return this.#guarded(instance => instance.call(name))
  }

  /** Forgets the program's memory, as losing power does. */
  reset(): void {
    this.#instance = undefined
  }

  #guarded<T>(work: (instance: Instance) => T): T | undefined {
    try {
      this.#instance ??= new Instance(this.#module, this.#surroundings)
      return work(this.#instance)
    } catch (error) {
      this.reset()
      if (error instanceof PowerLost || error instanceof Defective || !isStop(error)) throw error
      return undefined
    }
  }
}

/** How a program can be stopped: by the engine, by an overflow of its stack, by the host. Anything else is our bug. */
const isStop = (error: unknown): boolean =>
  error instanceof WebAssembly.RuntimeError || error instanceof RangeError || error instanceof Trap

class Instance {
  readonly #exports: WebAssembly.Exports
  readonly #memory: Bytes
  readonly #fuel: WebAssembly.Global

  constructor(module: WebAssembly.Module, surroundings: Surroundings) {
    const access = {
      get: (at: number, size: number) => this.get(at, size),
      put: (at: number, bytes: Bytes) => this.put(at, bytes),
      burn: (fuel: number) => this.#burn(fuel),
    }
    const { exports } = new WebAssembly.Instance(module, { host: { ...hostFunctions(surroundings, access) } })
    const [memory, fuel] = [exports['memory'], exports[FUEL]]
    if (!(memory instanceof WebAssembly.Memory) || !(fuel instanceof WebAssembly.Global))
      throw new Trap('not an admitted module')
    this.#exports = exports
    this.#memory = new Uint8Array(memory.buffer)
    this.#fuel = fuel
  }

  call(name: ProgramExportName, ...parameters: readonly number[]): number {
    const run = this.#exports[name]
    if (typeof run !== 'function') throw new Trap(`no ${name}`)
    this.#fuel.value = FUEL_PER_CALL
    const answer: unknown = run(...parameters)
    if (typeof answer !== 'number') throw new Trap(`${name} answers no number`)
    return answer >>> 0
  }

  /** A copy of `size` bytes of the program's memory. */
  get(at: number, size: number): Bytes {
    const [from, count] = this.#bounds(at, size)
    return this.#memory.slice(from, from + count)
  }

  put(at: number, bytes: Bytes): void {
    this.#memory.set(bytes, this.#bounds(at, bytes.length)[0])
  }

  /** WebAssembly's i32 come signed; pointers are not. */
  #bounds(at: number, size: number): readonly [number, number] {
    const [from, count] = [at >>> 0, size >>> 0]
    if (from + count > this.#memory.length) throw new Trap('out of its memory')
    return [from, count]
  }

  #burn(fuel: number): void {
    const left = Number(this.#fuel.value) - fuel
    if (left < 0) throw new Trap('out of fuel')
    this.#fuel.value = left
  }
}

/** Modules admitted lately: reading one again gives the same, and a chip is powered more often than it is loaded. */
const CACHE_SIZE = 16
const admitted = new Map<string, WebAssembly.Module>()

/**
 * A load file's module, ready to run.
 *
 * @param hash  the module's SHA-256
 * @returns undefined when it may not run on a chip
 */
export function runnable(module: Bytes, hash: Bytes): WebAssembly.Module | undefined {
  const known = admitted.get(hex(hash))
  if (known !== undefined) return known
  const fresh = admit(module)
  if (!fresh.ok) return undefined
  if (admitted.size >= CACHE_SIZE) admitted.clear()
  admitted.set(hex(hash), fresh.value)
  return fresh.value
}
