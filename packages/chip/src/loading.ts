/**
 * One load file on its way in, block by block. The module goes straight to a region that the registry does not name; only
 * the last block, and the issuer's signature over all of it, make it exist. Cut off at any point it leaves nothing behind.
 * @spec C-5, GlobalPlatform Card Specification 2.3.1 §9.3.5, §11.6
 */
import { type Bytes, equal } from '@kozeni/base/bytes'
import { type LoadFileHead, loadFileMessage, readLoadFileHead } from '@kozeni/protocol/loadfile'
import { MODULE_BYTES_MAX, regionAt } from './memory-map.ts'
import { type ChipParts, versionOf } from './programs.ts'
import { writeDifference } from './record-store.ts'
import type { LoadedFile } from './registry.ts'
import type { SW } from './status-word.ts'

/** Why a load was given up. */
type Failure = Extract<keyof typeof SW, 'dataWrong' | 'memoryFull' | 'parametersWrong' | 'notAuthenticated'>

export interface LoadRequest {
  readonly packageAid: Bytes
  /** What INSTALL [for load] announced; empty when nothing. */
  readonly hash: Bytes
  readonly region: number
}

export class Loading {
  readonly #parts: ChipParts
  readonly #request: LoadRequest
  #head: LoadFileHead | undefined
  #blocks = 0
  #received = 0

  constructor(parts: ChipParts, request: LoadRequest) {
    this.#parts = parts
    this.#request = request
  }

  /** Takes the next block. @returns why not, or undefined */
  take(number: number, block: Bytes): Failure | undefined {
    if (number !== (this.#blocks & 0xff)) return 'parametersWrong'
    this.#blocks += 1
    if (this.#head !== undefined) return this.#keep(this.#head, block)
    this.#head = readLoadFileHead(block)
    if (this.#head === undefined) return 'dataWrong'
    if (this.#head.moduleBytes > MODULE_BYTES_MAX) return 'memoryFull'
    return this.#keep(this.#head, block.slice(this.#head.moduleAt))
  }

  /** Checks the whole. @param loadKey  the issuer's */
  finish(loadKey: Bytes): LoadedFile | Failure {
    const { crypto, silicon } = this.#parts
    const { packageAid, region } = this.#request
    if (this.#head === undefined || this.#received !== this.#head.moduleBytes) return 'dataWrong'
    const module = silicon.read(regionAt(region), this.#received)
    const hash = crypto.sha256(module)
    if (this.#request.hash.length > 0 && !equal(hash, this.#request.hash)) return 'dataWrong'
    const message = loadFileMessage(crypto, { packageAid, module })
    if (!crypto.verify(loadKey, message, this.#head.signature)) return 'notAuthenticated'
    const version = versionOf(this.#parts, module, hash)
    return version === undefined ? 'dataWrong' : { aid: packageAid, region, sizeBytes: module.length, hash, version }
  }

  #keep({ moduleBytes }: LoadFileHead, piece: Bytes): Failure | undefined {
    if (this.#received + piece.length > moduleBytes) return 'dataWrong'
    writeDifference(this.#parts.silicon, regionAt(this.#request.region) + this.#received, piece)
    this.#received += piece.length
    return undefined
  }
}
