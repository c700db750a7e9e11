/**
 * The MACs of many receipts, checked where they stand: each key is derived as keys.ts derives it and each MAC made as
 * debit.ts makes it, in two pieces of memory that are used again, by four hashes a receipt and nothing else.
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

/**
 * Which receipts bear the MAC of the chip that they name.
 *
 * @param masterOf  the center's master key for receipts of this version, 32 bytes; undefined for one that is revoked or is none
 * @returns         1 where the MAC is right
 * @spec K-5, F-15
 */
export function rightMacs(
  crypto: Pick<Crypto, 'sha256'>,
  masterOf: (version: number) => Bytes | undefined,
  receipts: Receipts,
): Uint8Array {
  const right = new Uint8Array(receipts.count)
  const deriving = new Hmac(crypto, HEAD.length + CONTEXT_BYTES + TAIL.length)
  deriving.message.set(HEAD)
  deriving.message.set(TAIL, HEAD.length + CONTEXT_BYTES)
  const making = new Hmac(crypto, receipt.size)
  const context = deriving.message.subarray(HEAD.length)
  let version = -1
  for (let i = 0; i < receipts.count; i++) {
    const master = masterOf(receipts.keyVersion(i))
    if (master === undefined) continue
    if (receipts.keyVersion(i) !== version) deriving.rekey(master)
    version = receipts.keyVersion(i)
    receipts.putKeyContext(i, context)
    making.rekey(deriving.digest())
    making.message.set(receipts.body(i))
    right[i] = isSame(making.digest(), receipts.mac(i)) ? 1 : 0
  }
  return right
}

/** In a time that does not depend on where they differ. */
function isSame(digest: Bytes, mac: Bytes): boolean {
  let difference = 0
  for (let i = 0; i < MAC_BYTES; i++) difference |= (digest[i] ?? 0) ^ (mac[i] ?? 0)
  return difference === 0
}
