/**
 * Makes installed programs run: finds the module behind a name, checks that it is still the one that was signed, and
 * gives it its own store and nothing else.
 * @spec C-5
 */
import { type Bytes, equal } from '@kozeni/base/bytes'
import type { Dice } from '@kozeni/base/dice'
import type { ResponseApdu } from '@kozeni/protocol/apdu'
import type { Crypto } from '@kozeni/protocol/crypto'
import { MODULE_BYTES_MAX, regionAt, storeArea } from './memory-map.ts'
import { Defective, type OpenRecordStore, type RecordStore } from './record-store.ts'
import { type Installed, type LoadedFile, named, type Registry } from './registry.ts'
import { Program, runnable } from './sandbox.ts'
import type { Silicon } from './silicon.ts'
import { refuse } from './status-word.ts'
import { NO_STORE } from './surroundings.ts'

/** What a chip is made of. */
export interface ChipParts {
  readonly silicon: Silicon
  readonly crypto: Crypto
  readonly dice: Dice
  /** How pages are written. Another one than the chip's own only in tests of what would go wrong. */
  readonly openStore: OpenRecordStore
}

/**
 * An installed program with a fresh memory.
 *
 * @throws Defective when its module is no longer what was loaded
 */
export function openProgram(parts: ChipParts, registry: Registry, installed: Installed): Program {
  const file = named(registry.loadFiles, installed.packageAid)
  const module = file && moduleOf(parts, file)
  if (module === undefined) throw new Defective('a program without its load file')
  return new Program(module, { ...parts, store: storeOf(parts, installed.store) })
}

/** One program's pages. */
export const storeOf = ({ openStore, silicon }: ChipParts, store: number): RecordStore =>
  openStore(silicon, storeArea(store))

/** Where a module is read to be checked; no call outlives another. */
const scratch = new Uint8Array(MODULE_BYTES_MAX)

function moduleOf({ silicon, crypto }: ChipParts, { region, sizeBytes, hash }: LoadedFile): WebAssembly.Module {
  const bytes = scratch.subarray(0, sizeBytes)
  silicon.readInto(regionAt(region), bytes)
  if (!equal(crypto.sha256(bytes), hash)) throw new Defective(`the module in region ${region}`)
  const module = runnable(bytes, hash)
  if (module === undefined) throw new Defective(`the module in region ${region} was admitted before`)
  return module
}

const VERSION_MAX = 0xffff

/**
 * The layout version of the record that a module would keep, asked before it is taken.
 *
 * @returns undefined when the module may not run here, or has no version that fits two bytes
 */
export function versionOf(parts: ChipParts, module: Bytes, hash: Bytes): number | undefined {
  const admitted = runnable(module, hash)
  const version = admitted && askedOnce(new Program(admitted, { ...parts, store: NO_STORE }), 'version')
  return version !== undefined && version <= VERSION_MAX ? version : undefined
}

/** Whether a program lets itself be deleted (C-5). One that cannot even say so does not. */
export const isRemovable = (parts: ChipParts, registry: Registry, installed: Installed): boolean =>
  askedOnce(openProgram(parts, registry, installed), 'removable') === 1

/** What it says to one question; then its machine is free for the next program. */
function askedOnce(program: Program, question: Parameters<Program['ask']>[0]): number | undefined {
  const answer = program.ask(question)
  program.reset()
  return answer
}

/** What a program answered, or 6F00 when it was stopped or its status word is none that a program may say. */
export function answerOf(said: Bytes | undefined): ResponseApdu {
  if (said === undefined || said.length < 2) return refuse('stopped')
  const size = said.length - 2
  const statusWord = ((said[size] ?? 0) << 8) | (said[size + 1] ?? 0)
  return mayBeSaid(statusWord >> 8) ? { data: said.subarray(0, size), statusWord } : refuse('stopped')
}

/** 61xx and 6Cxx are the transport's. */
const mayBeSaid = (sw1: number): boolean => (sw1 >= 0x62 && sw1 <= 0x6f && sw1 !== 0x6c) || (sw1 >= 0x90 && sw1 <= 0x9f)
