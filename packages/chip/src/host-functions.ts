/**
 * What a program may ask of its chip, as the contract (host.ts of the program package) spells it. Every pointer is
 * checked by the memory it points into; every piece of work costs fuel, so that no loop around it lasts long.
 */
import { type Bytes, unhex } from '@kozeni/base/bytes'
import { HOST_FUNCTIONS, type HostFunctionName, STORE_PAGE_BYTES, STORE_PAGES } from '@kozeni/program/host'
import { POINT_BYTES, SIGNATURE_BYTES } from '@kozeni/protocol/crypto'
import { type Surroundings, Trap } from './surroundings.ts'

/** The program's memory, and its fuel. */
interface Access {
  /** As they stand: good until anything is put there. */
  get(at: number, size: number): Bytes
  put(at: number, bytes: Bytes): void
  burn(work: number): void
}

const PRIVATE_BYTES = 32
const BLOCK_BYTES = 16

/** Fuel for each, by what it takes on a small chip; a byte through a cipher or a hash costs one more. */
const COST = {
  storeRead: 1_000,
  storeWrite: 10_000,
  random: 100,
  sha256: 100,
  hmac: 400,
  ctr: 200,
  makeKey: 50_000,
  sign: 50_000,
  verify: 50_000,
  agree: 50_000,
} as const satisfies Record<HostFunctionName, number>

type HostFunctions = Record<HostFunctionName, (...parameters: number[]) => number | undefined>

/** The host's functions, for whichever program is running. */
export function hostFunctions(around: () => Surroundings, { get, put, burn }: Access): HostFunctions {
  const functions: HostFunctions = {
    storeRead: (page = 0, into = 0) => {
      const found = around().store.peek(checkedPage(page))
      if (found === undefined) return -1
      put(into, found)
      return found.length
    },
    storeWrite: (page = 0, from = 0, size = 0) => {
      if (size >>> 0 > STORE_PAGE_BYTES) throw new Trap(`a page of ${size >>> 0} bytes`)
      around().store.write(checkedPage(page), get(from, size).slice())
      return undefined
    },
    random: (into = 0, size = 0) => {
      get(into, size) // in bounds before any dice are thrown
      put(into, around().dice.bytes(spent(burn, size)))
      return undefined
    },
    sha256: (from = 0, size = 0, into = 0) => {
      put(into, around().crypto.sha256(get(from, spent(burn, size))))
      return undefined
    },
    hmac: (key = 0, keySize = 0, from = 0, size = 0, into = 0) => {
      put(into, around().crypto.hmac(get(key, keySize), get(from, spent(burn, size))))
      return undefined
    },
    ctr: (key = 0, counter = 0, at = 0, size = 0) => {
      put(at, around().crypto.ctr(get(key, BLOCK_BYTES), get(counter, BLOCK_BYTES), get(at, spent(burn, size))))
      return undefined
    },
    makeKey: (privateInto = 0, publicInto = 0) => {
      const key = around().crypto.generate(around().dice)
      put(privateInto, key)
      put(publicInto, around().crypto.publicKey(key))
      return undefined
    },
    sign: (key = 0, from = 0, size = 0, into = 0) => {
      put(into, around().crypto.sign(scalar(get(key, PRIVATE_BYTES)), get(from, size)))
      return undefined
    },
    verify: (key = 0, from = 0, size = 0, signature = 0) =>
      Number(around().crypto.verify(get(key, POINT_BYTES), get(from, size), get(signature, SIGNATURE_BYTES))),
    agree: (key = 0, point = 0, into = 0) => {
      const secret = around().crypto.agree(scalar(get(key, PRIVATE_BYTES)), get(point, POINT_BYTES))
      if (secret === undefined) return 0
      put(into, secret)
      return 1
    },
  }
  return withCosts(functions, burn)
}

/** Each function, paid for before it begins. */
function withCosts(functions: HostFunctions, burn: Access['burn']): HostFunctions {
  const names = Object.keys(HOST_FUNCTIONS) as HostFunctionName[]
  const paid = names.map(name => {
    const [cost, work] = [COST[name], functions[name]]
    return [
      name,
      (a: number, b: number, c: number, d: number, e: number) => {
        burn(cost)
        return work(a, b, c, d, e)
      },
    ]
  })
  return Object.fromEntries(paid)
}

function spent(burn: Access['burn'], size: number): number {
  burn(size >>> 0)
  return size >>> 0
}

function checkedPage(page: number): number {
  if (page < 0 || page >= STORE_PAGES) throw new Trap(`page ${page}`)
  return page
}

const P256_ORDER = unhex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')

/** A private key that is one: from 1 to the group's order − 1. */
function scalar(key: Bytes): Bytes {
  const differs = key.findIndex((byte, i) => byte !== P256_ORDER[i])
  const below = differs !== -1 && (key[differs] ?? 0) < (P256_ORDER[differs] ?? 0)
  if (!below || key.every(byte => byte === 0)) throw new Trap('no private key')
  return key
}
