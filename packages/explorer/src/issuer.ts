/** Who takes part: names, keys and certificates, the same in every run. */
import type { Bytes } from '@kozeni/base/bytes'
import { seconds } from '@kozeni/base/clock'
import { currency } from '@kozeni/base/currency'
import { SeededDice } from '@kozeni/base/dice'
import {
  type AccountId,
  type ChipId,
  type DeviceId,
  type Id,
  id,
  type LoadId,
  type OrderId,
  type PurseId,
  type StoreId,
  type TerminalId,
} from '@kozeni/base/ids'
import { defaultPolicy } from '@kozeni/center/policy'
import { memoryVault } from '@kozeni/center/vault-memory'
import { certify, purseCertificate, terminalCertificate } from '@kozeni/protocol/certificate'
import { steadyCrypto } from './crypto.ts'

export const JPY = currency('JPY')
export const START_MS = Date.UTC(2026, 0, 5, 9)
export const EPOCH = 1
export const YEAR_SECONDS = 365 * 86_400

export const crypto = steadyCrypto()
export const vault = memoryVault(crypto, 4)
export const policy = defaultPolicy
export const means = { crypto, vault, policy }

const named = <T extends Id>(kind: number, index: number): T =>
  id<T>(`${kind.toString(16).padStart(2, '0')}${index.toString(16).padStart(14, '0')}`)

/** Names by a running number from 1. */
export const purseId = (index: number): PurseId => named(1, index)
export const chipId = (index: number): ChipId => named(2, index)
export const storeId = (index: number): StoreId => named(3, index)
export const terminalId = (index: number): TerminalId => named(4, index)
export const loadId = (index: number): LoadId => named(7, index)
export const orderId = (index: number): OrderId => named(8, index)
export const DEVICE: DeviceId = named(5, 1)
export const ACCOUNT: AccountId = named(6, 1)

/** A private key, always the same for the same number. */
export const keyOf = (index: number): Bytes => crypto.generate(new SeededDice(1000 + index))

const sign = (message: Bytes): Bytes => vault.sign('certificates', message)
const facts = { version: 1, issuerKeyVersion: 1, currency: JPY, expires: seconds(START_MS) + YEAR_SECONDS } as const

/** The issuer's word about a chip's key. */
export const certifyPurse = (purse: PurseId, publicKey: Bytes): Bytes =>
  certify(sign, purseCertificate, { ...facts, type: 'purse-certificate', purse, chipClass: 'hardware', publicKey })

/** The issuer's word about a terminal's key. */
export const certifyTerminal = (terminal: TerminalId, store: StoreId, publicKey: Bytes): Bytes =>
  certify(sign, terminalCertificate, { ...facts, type: 'terminal-certificate', terminal, store, publicKey })
