/**
 * The least chip that a purse program runs on: pages in a map, which lose power on demand, and the host's cryptography.
 * It checks nothing of what it is given to run; the real chip does.
 */
import { type Bytes, bigEndian, concat, NO_BYTES } from '@kozeni/base/bytes'
import type { Dice } from '@kozeni/base/dice'
import { decodeResponse, type ResponseApdu } from '@kozeni/protocol/apdu'
import type { Crypto } from '@kozeni/protocol/crypto'
import { PURSE_CLA } from '@kozeni/protocol/purse'
import type { HostFunctionName, ProgramExportName } from './host.ts'

/** Thrown through the program by a page write that power failed at. */
export class PowerCut extends Error {
  override readonly name = 'PowerCut'
}

/** One call from the chip's side, and what the program left in the buffer. */
export interface Exchange {
  readonly call: 'select' | 'process' | 'personalise'
  readonly command: Bytes
  readonly response: Bytes
}

type HostFunctions = Record<HostFunctionName, (...parameters: number[]) => number | undefined>

export class ChipForTests {
  /** What survives a power cut. */
  pages = new Map<number, Bytes>()
  /** Every exchange since it was made. */
  readonly exchanges: Exchange[] = []
  /** Page writes since it was made. */
  writes = 0
  /** How many more page writes power lasts for. */
  writesLeft = Number.POSITIVE_INFINITY
  readonly #module: WebAssembly.Module
  readonly #crypto: Crypto
  readonly #dice: Dice
  #instance: WebAssembly.Instance | undefined

  constructor(module: WebAssembly.Module, crypto: Crypto, dice: Dice) {
    this.#module = module
    this.#crypto = crypto
    this.#dice = dice
  }

  /** Another chip with the same pages and dice. */
  fork(): ChipForTests {
    const other = new ChipForTests(this.#module, this.#crypto, this.#dice)
    other.pages = new Map(this.pages)
    return other
  }

  /** Takes the power away: memory is lost, pages are not. */
  powerOff(): void {
    this.#instance = undefined
    this.writesLeft = Number.POSITIVE_INFINITY
  }

  select(): ResponseApdu {
    return this.#exchange('select', NO_BYTES)
  }

  /** One instruction, as the chip hands it over. */
  send(ins: number, data: Bytes, { cla = PURSE_CLA, p1 = 0, p2 = 0 } = {}): ResponseApdu {
    return this.raw(concat(Uint8Array.of(cla, ins, p1, p2), bigEndian(data.length, 2), data))
  }

  /** Any bytes where a command should be. */
  raw(command: Bytes): ResponseApdu {
    return this.#exchange('process', command)
  }

  /** One data group, as STORE DATA brings it. */
  personalise(group: Bytes): ResponseApdu {
    return this.#exchange('personalise', group)
  }

  ask(name: 'removable' | 'version'): number {
    return this.#call(name)
  }

  #exchange(call: Exchange['call'], command: Bytes): ResponseApdu {
    const at = this.#call('buffer')
    this.#memory().set(command, at)
    const size = call === 'select' ? this.#call(call) : this.#call(call, command.length)
    const response = this.#memory().slice(at, at + size)
    this.exchanges.push({ call, command, response })
    const decoded = decodeResponse(response)
    if (decoded === undefined) throw new Error(`an answer of ${size} bytes`)
    return decoded
  }

  #call(name: ProgramExportName, ...parameters: readonly number[]): number {
    const run = this.#running().exports[name]
    if (typeof run !== 'function') throw new Error(`no ${name}`)
    try {
      return Number(run(...parameters))
    } catch (error) {
      this.powerOff()
      throw error
    }
  }

  #running(): WebAssembly.Instance {
    this.#instance ??= new WebAssembly.Instance(this.#module, { host: { ...this.#hostFunctions() } })
    return this.#instance
  }

  #memory(): Bytes {
    const { memory } = this.#running().exports
    if (!(memory instanceof WebAssembly.Memory)) throw new Error('no memory')
    return new Uint8Array(memory.buffer)
  }

  #write(page: number, bytes: Bytes): undefined {
    if (this.writesLeft === 0) throw new PowerCut(`before page ${page}`)
    this.writesLeft--
    this.writes++
    this.pages.set(page, bytes)
  }

  #hostFunctions(): HostFunctions {
    const crypto = this.#crypto
    const get = (at = 0, size = 0): Bytes => this.#memory().slice(at, at + size)
    const put = (at: number, bytes: Bytes): undefined => void this.#memory().set(bytes, at)
    return {
      storeRead: (page = 0, into = 0) => {
        const found = this.pages.get(page)
        if (found !== undefined) put(into, found)
        return found?.length ?? -1
      },
      storeWrite: (page = 0, from, size) => this.#write(page, get(from, size)),
      random: (into = 0, size = 0) => put(into, this.#dice.bytes(size)),
      sha256: (from, size, into = 0) => put(into, crypto.sha256(get(from, size))),
      hmac: (key, keySize, from, size, into = 0) => put(into, crypto.hmac(get(key, keySize), get(from, size))),
      ctr: (key, counter, at = 0, size) => put(at, crypto.ctr(get(key, 16), get(counter, 16), get(at, size))),
      makeKey: (privateInto = 0, publicInto = 0) => {
        const key = crypto.generate(this.#dice)
        put(privateInto, key)
        put(publicInto, crypto.publicKey(key))
      },
      sign: (key, from, size, into = 0) => put(into, crypto.sign(get(key, 32), get(from, size))),
      verify: (key, from, size, at) => Number(crypto.verify(get(key, 65), get(from, size), get(at, 64))),
      agree: (key, point, into = 0) => {
        const shared = crypto.agree(get(key, 32), get(point, 65))
        if (shared !== undefined) put(into, shared)
        return Number(shared !== undefined)
      },
    }
  }
}
