/**
 * Which keys there are and how each is derived (PROTOCOL §8): per purpose, per version, per purse.
 * NIST SP 800-108r1 in counter mode, PRF HMAC-SHA-256: HMAC(key, [i]32 ‖ label ‖ 00 ‖ context ‖ [bits]32).
 */
import { type Bytes, bigEndian, concat, utf8 } from '@kozeni/base/bytes'
import { type ChipId, idBytes, type PurseId } from '@kozeni/base/ids'
import type { Crypto } from './crypto.ts'

/**
 * @param size  bytes wanted
 * @spec PROTOCOL §8, SP 800-108r1 §4.1
 */
export function derive(crypto: Crypto, key: Bytes, label: string, context: Bytes, size: number): Bytes {
  const fixed = concat(utf8(label), Uint8Array.of(0), context, bigEndian(8 * size, 4))
  const blocks = Array.from({ length: Math.ceil(size / 32) }, (_, i) =>
    crypto.hmac(key, concat(bigEndian(i + 1, 4), fixed)),
  )
  return concat(...blocks).slice(0, size)
}

/** What a purse and the center seal their messages with, one version. */
export interface MessageKeys {
  readonly version: number
  /** 32 bytes. */
  readonly mac: Bytes
  /** 16 bytes. */
  readonly encryption: Bytes
}

/** All that one key version puts on a chip. */
export interface PurseKeys extends MessageKeys {
  /** 32 bytes: the MAC of receipts, for the center alone. */
  readonly receipt: Bytes
}

/** Of the keys of receipts' MACs. */
export const RECEIPT_LABEL = 'kozeni receipt mac'

/** @param operations, receipts  the center's master keys of that version, 32 bytes each */
export function purseKeys(
  crypto: Crypto,
  { operations, receipts }: { operations: Bytes; receipts: Bytes },
  version: number,
  purse: PurseId,
): PurseKeys {
  const context = concat(Uint8Array.of(version), idBytes(purse))
  const mac = once(() => derive(crypto, operations, 'kozeni message mac', context, 32))
  const encryption = once(() => derive(crypto, operations, 'kozeni message encryption', context, 16))
  const receipt = once(() => derive(crypto, receipts, RECEIPT_LABEL, context, 32))
  return {
    version,
    get mac() {
      return mac()
    },
    get encryption() {
      return encryption()
    },
    get receipt() {
      return receipt()
    },
  }
}

/** Derived when it is asked for: who checks a receipt needs one key of three. */
function once(derived: () => Bytes): () => Bytes {
  let known: Bytes | undefined
  return () => {
    known ??= derived()
    return known
  }
}

/** The three static keys of a chip's card manager, as SCP03 names them; AES-128. */
export interface CardKeys {
  readonly encryption: Bytes
  readonly mac: Bytes
  readonly dataEncryption: Bytes
}

/** @param cardManager  the foundry's master key, 32 bytes, which the center shares */
export function cardKeys(crypto: Crypto, cardManager: Bytes, chip: ChipId): CardKeys {
  const make = (label: string): Bytes => derive(crypto, cardManager, `kozeni card ${label}`, idBytes(chip), 16)
  return { encryption: make('encryption'), mac: make('mac'), dataEncryption: make('data encryption') }
}
