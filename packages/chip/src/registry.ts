/**
 * What is on the chip: its life cycle, its load files, its programs. One value in one page, so that every change of it
 * happens whole or not at all: what the registry does not name does not exist. Pure.
 * @spec C-5, GlobalPlatform Card Specification 2.3.1 §6.4
 */
import { assert } from '@kozeni/base/assert'
import { type Bytes, concat, equal } from '@kozeni/base/bytes'
import { SHA256_BYTES } from '@kozeni/protocol/crypto'
import { bytes, type Field, struct, u8, u16 } from '@kozeni/protocol/struct'
import { REGIONS, STORES } from './memory-map.ts'

export interface Registry {
  /** Life cycle of the chip, CARD_STATE. */
  readonly state: number
  readonly loadFiles: readonly LoadedFile[]
  readonly programs: readonly Installed[]
}

/** A load file whose signature has been checked. */
export interface LoadedFile {
  readonly aid: Bytes
  /** Where its module lies. */
  readonly region: number
  readonly sizeBytes: number
  readonly hash: Bytes
  /** Of its program's record. */
  readonly version: number
}

/** A program made from a load file. */
export interface Installed {
  readonly aid: Bytes
  readonly packageAid: Bytes
  /** The area that is its store. */
  readonly store: number
  readonly state: number
}

const AID_MAX = 16

/** A name of up to sixteen bytes, its length before it. */
const aid: Field<Bytes> = {
  size: 1 + AID_MAX,
  read: field => {
    const size = field[0] ?? 0
    return size <= AID_MAX ? field.slice(1, 1 + size) : undefined
  },
  write: value => concat(Uint8Array.of(value.length), value, new Uint8Array(AID_MAX - value.length)),
}

const loadedFile = struct<LoadedFile>({ aid, region: u8, sizeBytes: u16, hash: bytes(SHA256_BYTES), version: u16 })
const installed = struct<Installed>({ aid, packageAid: aid, store: u8, state: u8 })

/** Its page: state, then both lists, each with its count before it. */
export const encodeRegistry = ({ state, loadFiles, programs }: Registry): Bytes =>
  concat(
    Uint8Array.of(state, loadFiles.length),
    ...loadFiles.map(loadedFile.write),
    Uint8Array.of(programs.length),
    ...programs.map(installed.write),
  )

/** A bug unless encodeRegistry made it: its page is checked before. */
export function decodeRegistry(page: Bytes): Registry {
  const filesEnd = 2 + (page[1] ?? 0) * loadedFile.size
  return {
    state: page[0] ?? 0,
    loadFiles: rows(page.subarray(2, filesEnd), loadedFile),
    programs: rows(page.subarray(filesEnd + 1), installed),
  }
}

function rows<T>(bytes: Bytes, row: Field<T>): readonly T[] {
  const values: T[] = []
  for (let at = 0; at < bytes.length; at += row.size) {
    const value = row.read(bytes.subarray(at, at + row.size))
    assert(value !== undefined, 'a row that was written here')
    values.push(value)
  }
  return values
}

/** The row with this name. */
export const named = <T extends { readonly aid: Bytes }>(among: readonly T[], aid: Bytes): T | undefined =>
  among.find(row => equal(row.aid, aid))

/** All but the row with this name. */
export const without = <T extends { readonly aid: Bytes }>(among: readonly T[], aid: Bytes): readonly T[] =>
  among.filter(row => !equal(row.aid, aid))

/** The programs that were made from a package. */
export const madeFrom = ({ programs }: Registry, packageAid: Bytes): readonly Installed[] =>
  programs.filter(program => equal(program.packageAid, packageAid))

/** A region that no load file lies in, undefined when all are taken. */
export const freeRegion = ({ loadFiles }: Registry): number | undefined =>
  firstFree(
    REGIONS,
    loadFiles.map(({ region }) => region),
  )

/** A store that no program has, undefined when all are taken. */
export const freeStore = ({ programs }: Registry): number | undefined =>
  firstFree(
    STORES,
    programs.map(({ store }) => store),
  )

const firstFree = (count: number, taken: readonly number[]): number | undefined =>
  Array.from({ length: count }, (_, i) => i).find(i => !taken.includes(i))
