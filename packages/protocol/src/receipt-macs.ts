/**
 * The MACs of many receipts, checked where they stand: each key is derived as keys.ts derives it and each MAC made as
 * debit.ts makes it, in two pieces of memory that are used again, by four hashes a receipt and nothing else; by two where
 * the purse's key is known from before.
 */
import { type Bytes, concat, utf8 } from '@kozeni/base/bytes'
import { type Crypto, MAC_BYTES, SHA256_BYTES } from './crypto.ts'
import { receipt } from './debit.ts'
import { RECEIPT_LABEL } from './keys.ts'
import type { Receipts } from './receipts.ts'

const BLOCK = 64
const [INNER, OUTER] = [0x36, 0x5c]

/** HMAC-SHA-256 (RFC 2104) of messages of one length; the message stands in the memory that is hashed. */
class Hmac {
  readonly message: Uint8Array
  readonly #crypto: Pick<Crypto, 'sha256'>
  readonly #inner: Uint8Array
  readonly #outer = new Uint8Array(BLOCK + SHA256_BYTES)

  constructor(crypto: Pick<Crypto, 'sha256'>, messageBytes: number) {
    this.#crypto = crypto
    this.#inner = new Uint8Array(BLOCK + messageBytes)
    this.message = this.#inner.subarray(BLOCK)
    this.#inner.fill(INNER, 0, BLOCK)
    this.#outer.fill(OUTER, 0, BLOCK)
  }

  /** @param key  32 bytes */
  rekey(key: Bytes): void {
    for (let i = 0; i < SHA256_BYTES; i++) {
      this.#inner[i] = INNER ^ (key[i] ?? 0)
      this.#outer[i] = OUTER ^ (key[i] ?? 0)
    }
  }

  /** Of the message that stands there now. */
  digest(): Bytes {
    this.#outer.set(this.#crypto.sha256(this.#inner), BLOCK)
    return this.#crypto.sha256(this.#outer)
  }
}

/** What `derive` hashes for a purse's receipt key, with room for version and purse. */
const HEAD = concat(Uint8Array.of(0, 0, 0, 1), utf8(RECEIPT_LABEL), Uint8Array.of(0))
const TAIL = Uint8Array.of(0, 0, 1, 0)
const CONTEXT_BYTES = 9

/** Checks MACs under these master keys, for as long as they are the center's. */
export class ReceiptMacs {
  readonly #masterOf: (version: number) => Bytes | undefined
  readonly #deriving: Hmac
  readonly #making: Hmac
  readonly #context: Uint8Array
  #version = -1
  readonly #places: number
  /** Whose key stands in each place: where its name leads by chance, until another's displaces it. */
  readonly #contexts: Uint8Array
  readonly #keys: Uint8Array

  /**
   * @param masterOf  the master key for receipts of a version, 32 bytes; undefined for one that is revoked or is none
   * @param places    for keys of purses, at most 65536
   */
  constructor(crypto: Pick<Crypto, 'sha256'>, masterOf: (version: number) => Bytes | undefined, places: number) {
    this.#masterOf = masterOf
    this.#places = places
    this.#contexts = new Uint8Array(places * CONTEXT_BYTES)
    this.#keys = new Uint8Array(places * SHA256_BYTES)
    this.#deriving = new Hmac(crypto, HEAD.length + CONTEXT_BYTES + TAIL.length)
    this.#deriving.message.set(HEAD)
    this.#deriving.message.set(TAIL, HEAD.length + CONTEXT_BYTES)
    this.#context = this.#deriving.message.subarray(HEAD.length, HEAD.length + CONTEXT_BYTES)
    this.#making = new Hmac(crypto, receipt.size)
  }

  /**
   * Which receipts bear the MAC of the chip that they name.
   *
   * @returns 1 where the MAC is right
   * @spec K-5, F-15
   */
  right(receipts: Receipts): Uint8Array {
    const right = new Uint8Array(receipts.count)
    for (let i = 0; i < receipts.count; i++) {
      const master = this.#masterOf(receipts.keyVersion(i))
      if (master === undefined) continue
      receipts.putKeyContext(i, this.#context)
      this.#making.rekey(this.#keyUnder(master))
      this.#making.message.set(receipts.body(i))
      right[i] = isSame(this.#making.digest(), receipts.mac(i)) ? 1 : 0
    }
    return right
  }

  /** The key of the context that stands there now. No version is 0, so that an empty place is nobody's. */
  #keyUnder(master: Bytes): Bytes {
    const place = placeOf(this.#context) % this.#places
    const key = this.#keys.subarray(place * SHA256_BYTES, (place + 1) * SHA256_BYTES)
    if (this.#isKept(place)) return key
    const version = this.#context[0] ?? 0
    if (version !== this.#version) this.#deriving.rekey(master)
    this.#version = version
    key.set(this.#deriving.digest())
    this.#contexts.set(this.#context, place * CONTEXT_BYTES)
    return key
  }

  #isKept(place: number): boolean {
    for (let k = 0; k < CONTEXT_BYTES; k++)
      if (this.#contexts[place * CONTEXT_BYTES + k] !== this.#context[k]) return false
    return true
  }
}

/** Names are chance: their last bytes are as good as a hash. */
const placeOf = (context: Uint8Array): number =>
  ((context[CONTEXT_BYTES - 2] ?? 0) << 8) | (context[CONTEXT_BYTES - 1] ?? 0)

/** In a time that does not depend on where they differ. */
function isSame(digest: Bytes, mac: Bytes): boolean {
  let difference = 0
  for (let i = 0; i < MAC_BYTES; i++) difference |= (digest[i] ?? 0) ^ (mac[i] ?? 0)
  return difference === 0
}
