/**
 * Runs one program: its module, its own memory, its own store, the host's cryptography, and so much fuel for each call.
 * Whatever goes wrong inside ends that call, never the chip; after it the program starts afresh, with an empty memory.
 * @spec C-5
 */
import { type Bytes, hex } from '@kozeni/base/bytes'
import { IO_BYTES, type ProgramExportName } from '@kozeni/program/host'
import { type Machine, machineFor } from './machine.ts'
import { admit } from './module.ts'
import { Defective } from './record-store.ts'
import { PowerLost } from './silicon.ts'
import { type Surroundings, Trap } from './surroundings.ts'

/** A program with its memory, running. */
export class Program {
  readonly #module: WebAssembly.Module
  readonly #surroundings: Surroundings
  #machine: Machine | undefined

  constructor(module: WebAssembly.Module, surroundings: Surroundings) {
    this.#module = module
    this.#surroundings = surroundings
  }

  /**
   * Puts `input`, part after part, into the program's buffer and calls it; what it leaves there comes back.
   *
   * @returns undefined when it was stopped. What it had stored until then stays.
   * @throws PowerLost, Defective
   */
  exchange(
    name: Extract<ProgramExportName, 'select' | 'process' | 'personalise'>,
    ...input: readonly Bytes[]
  ): Bytes | undefined {
    return this.#guarded(machine => {
      const at = machine.call('buffer')
      let given = 0
      for (const part of input) {
        machine.put(at + given, part)
        given += part.length
      }
      const size = name === 'select' ? machine.call(name) : machine.call(name, given)
      if (size > IO_BYTES) throw new Trap(`an answer of ${size} bytes`)
      return machine.get(at, size)
    })
  }

  /** What the program answers to a question without input, undefined when it was stopped. */
  ask(name: Extract<ProgramExportName, 'removable' | 'version'>): number | undefined {
    return this.#guarded(machine => machine.call(name))
  }

  /** Forgets the program's memory, as losing power does. */
  reset(): void {
    this.#machine?.rest()
    this.#machine = undefined
  }

  #guarded<T>(work: (machine: Machine) => T): T | undefined {
    try {
      this.#machine ??= machineFor(this.#module, this.#surroundings)
      return work(this.#machine)
    } catch (error) {
      if (error instanceof PowerLost) this.reset()
      this.#machine = undefined // what was stopped anywhere else is not used again
      if (error instanceof PowerLost || error instanceof Defective || !isStop(error)) throw error
      return undefined
    }
  }
}

/** How a program can be stopped: by the engine, by an overflow of its stack, by the host. Anything else is our bug. */
const isStop = (error: unknown): boolean =>
  error instanceof WebAssembly.RuntimeError || error instanceof RangeError || error instanceof Trap

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
