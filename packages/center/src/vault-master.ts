/**
 * A vault whose master keys are in this process's memory: all derivations, signatures and sealed tokens, for
 * vault-file.ts and vault-memory.ts alike. What it guards is guarded as well as the process is; an HSM is another vault.
 */
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { assert } from '@kozeni/base/assert'
import { type Bytes, concat, NO_BYTES, utf8 } from '@kozeni/base/bytes'
import type { Clock } from '@kozeni/base/clock'
import type { Dice } from '@kozeni/base/dice'
import type { PurseId } from '@kozeni/base/ids'
import type { Crypto } from '@kozeni/protocol/crypto'
import { nobleCrypto } from '@kozeni/protocol/crypto-noble'
import { cardKeys, derive, type PurseKeys, purseKeys } from '@kozeni/protocol/keys'
import { seedOf } from '@kozeni/protocol/seed'
import { macsHere, type ReceiptMasters, type RightMacs } from './macs.ts'
import type { SigningPurpose, Vault } from './vault.ts'

/** What keys are derived from. */
export const DERIVING = ['card-manager', 'operations', 'receipts', 'seeds', 'tokens'] as const
export const SIGNING = ['certificates', 'load-files', 'audit'] as const satisfies readonly SigningPurpose[]

type Purpose = (typeof DERIVING)[number] | SigningPurpose

/** Per purpose, 32 bytes each, none for a version that is revoked; the first is version 1. Signing keys are P-256 private keys. */
export type MasterKeys = Readonly<Record<Purpose, readonly Bytes[]>>

/** All that a vault guards. */
export interface Masters {
  readonly keys: MasterKeys
  /** When the newest version of the purses' keys is used, in milliseconds since 1970: not before every process has it. */
  readonly newestFrom: number
}

/** Two versions of all that a chip holds two of (PROTOCOL §8), one of the rest. */
const FRESH_VERSIONS: Readonly<Record<Purpose, number>> = {
  'card-manager': 1,
  operations: 2,
  receipts: 2,
  seeds: 1,
  tokens: 1,
  certificates: 1,
  'load-files': 1,
  audit: 1,
}

/** New master keys for a new issuer. */
export function freshMasterKeys(crypto: Crypto, dice: Dice): MasterKeys {
  const isSigning = (purpose: string): boolean => SIGNING.some(one => one === purpose)
  const draw = (purpose: Purpose) =>
    Array.from({ length: FRESH_VERSIONS[purpose] }, () => (isSigning(purpose) ? crypto.generate(dice) : dice.bytes(32)))
  return {
    'card-manager': draw('card-manager'),
    operations: draw('operations'),
    receipts: draw('receipts'),
    seeds: draw('seeds'),
    tokens: draw('tokens'),
    certificates: draw('certificates'),
    'load-files': draw('load-files'),
    audit: draw('audit'),
  }
}

/** The purposes that get a further version together: a purse's keys are derived from both. */
const ROTATED = ['operations', 'receipts'] as const

/** With one version more of the purses' keys, to be used from that instant on. @spec PROTOCOL §8 */
export function withNewVersion({ keys }: Masters, dice: Dice, newestFrom: number): Masters {
  const fresh = Object.fromEntries(ROTATED.map(purpose => [purpose, [...keys[purpose], dice.bytes(32)]]))
  return { keys: { ...keys, ...fresh }, newestFrom }
}

/** Without this version of the purses' keys, for ever: its bytes are gone. @spec INV-KEYS */
export function withoutVersion({ keys, newestFrom }: Masters, version: number): Masters {
  const emptied = Object.fromEntries(ROTATED.map(purpose => [purpose, keys[purpose].with(version - 1, NO_BYTES)]))
  return { keys: { ...keys, ...emptied }, newestFrom }
}

interface Means {
  readonly crypto: Crypto
  readonly clock: Clock
  /** Brings what another process has changed; undefined for nothing new. */
  readonly reread?: () => Promise<Masters | undefined>
  /** Deterministic, so that whoever repeats a step of an installation gets the same bytes (P-4); by RFC 6979 if not given. */
  readonly signing?: Pick<Crypto, 'sign'>
  /** Where receipts' MACs are checked; here and now, if not given. */
  readonly rightMacs?: RightMacs
  /** For the nonces of tokens. */
  readonly dice: Dice
}

/** Keys are kept for this many purses, and for this many windows of stores, and then all forgotten. */
const KEPT = 20_000
const NONCE_BYTES = 12
const TAG_BYTES = 16

export class MasterVault implements Vault {
  #masters: Masters
  readonly #means: Means
  readonly #purses = new Map<string, PurseKeys>()
  readonly #seeds = new Map<string, Bytes>()
  readonly #tokenKeys = new Map<string, KeyObject>()
  readonly #rightMacs: RightMacs

  constructor(masters: Masters, means: Means) {
    this.#masters = masters
    this.#means = means
    this.#rightMacs = means.rightMacs ?? macsHere(means.crypto)
    this.take(masters)
  }

  /** Goes on with these. */
  take(masters: Masters): void {
    const { operations, receipts } = masters.keys
    assert(operations.length === receipts.length, 'a version has a key of every purpose of purses')
    this.#masters = masters
    this.#purses.clear()
  }

  refresh: Vault['refresh'] = async () => {
    const fresh = await this.#means.reread?.()
    if (fresh !== undefined) this.take(fresh)
  }

  get #keys(): MasterKeys {
    return this.#masters.keys
  }

  get keyVersion(): number {
    const newest = this.#keys.operations.length
    return this.#means.clock.now() >= this.#masters.newestFrom ? newest : newest - 1
  }

  /** The versions that a vault begins with live side by side; from the first rotation on each displaces the one before. */
  get keyFloor(): number {
    return this.keyVersion > FRESH_VERSIONS.operations ? this.keyVersion : 1
  }

  get issuerKeyVersion(): number {
    return this.#keys.certificates.length
  }

  purseKeys = (version: number, purse: PurseId): PurseKeys | undefined => {
    const name = `${version} ${purse}`
    const known = this.#purses.get(name)
    if (known !== undefined) return known
    const operations = this.#keys.operations[version - 1]
    const receipts = this.#keys.receipts[version - 1]
    if (!operations?.length || !receipts?.length) return undefined
    return keep(this.#purses, name, purseKeys(this.#means.crypto, { operations, receipts }, version, purse))
  }

  rightMacs: Vault['rightMacs'] = async receipts => this.#rightMacs(receipts, this.#receiptMasters)

  /** Of versions that are not revoked. */
  get #receiptMasters(): ReceiptMasters {
    const { operations, receipts } = this.#keys
    return receipts.map((master, i) => (master.length > 0 && operations[i]?.length ? master : undefined))
  }

  cardKeys: Vault['cardKeys'] = chip => cardKeys(this.#means.crypto, this.#newest('card-manager'), chip)

  seed: Vault['seed'] = place => {
    const name = `${place.store} ${place.generation} ${place.window}`
    return this.#seeds.get(name) ?? keep(this.#seeds, name, seedOf(this.#means.crypto, this.#newest('seeds'), place))
  }

  publicKey: Vault['publicKey'] = purpose => this.#means.crypto.publicKey(this.#newest(purpose))

  sign: Vault['sign'] = (purpose, message) => (this.#means.signing ?? nobleCrypto).sign(this.#newest(purpose), message)

  /** AES-256-GCM: nonce 12 ‖ ciphertext ‖ tag 16. The label chooses the key and is authenticated beside it. */
  sealToken: Vault['sealToken'] = (label, content) => {
    const nonce = this.#means.dice.bytes(NONCE_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#tokenKey(label), nonce).setAAD(utf8(label))
    return concat(nonce, cipher.update(content), cipher.final(), cipher.getAuthTag())
  }

  openToken: Vault['openToken'] = (label, token) => {
    if (token.length < NONCE_BYTES + TAG_BYTES) return undefined
    const nonce = token.subarray(0, NONCE_BYTES)
    const sealed = token.subarray(NONCE_BYTES, -TAG_BYTES)
    const cipher = createDecipheriv('aes-256-gcm', this.#tokenKey(label), nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(utf8(label)).setAuthTag(token.subarray(-TAG_BYTES))
    try {
      return concat(cipher.update(sealed), cipher.final())
    } catch {
      return undefined // what is not ours is not an error
    }
  }

  #tokenKey(label: string): KeyObject {
    const name = `kozeni token ${label}`
    const derived = () => createSecretKey(derive(this.#means.crypto, this.#newest('tokens'), name, NO_BYTES, 32))
    return this.#tokenKeys.get(label) ?? keep(this.#tokenKeys, label, derived())
  }

  #newest(purpose: Purpose): Bytes {
    const key = this.#keys[purpose].at(-1)
    assert(key !== undefined, `a master key for ${purpose}`)
    return key
  }
}

/** Derived once, since a derivation costs microseconds and a number's check costs no more. */
function keep<T>(kept: Map<string, T>, name: string, derived: T): T {
  if (kept.size >= KEPT) kept.clear()
  kept.set(name, derived)
  return derived
}
