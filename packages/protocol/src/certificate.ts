/**
 * Certificates that a card can check: fixed fields, one signature of the issuer over all before it (D-1, C-9).
 * Purse: who this chip is. Terminal: whose till this is. Neither authorises anything by itself.
 */
import { type Bytes, concat } from '@kozeni/base/bytes'
import type { Currency } from '@kozeni/base/currency'
import type { PurseId, StoreId, TerminalId } from '@kozeni/base/ids'
import { type Crypto, POINT_BYTES, SIGNATURE_BYTES } from './crypto.ts'
import { MESSAGE_TYPE, PROTOCOL_VERSION } from './header.ts'
import { bytes, choice, currency, name, type Struct, struct, u8, u32 } from './struct.ts'

/** What the foundry's register says of the key that opened the chip's channel; unknown keys are `software` (C-9). */
export const CHIP_CLASS = { software: 1, hardware: 2 } as const
export type ChipClass = keyof typeof CHIP_CLASS

export interface PurseCertificate {
  readonly version: number
  readonly type: 'purse-certificate'
  readonly issuerKeyVersion: number
  readonly purse: PurseId
  readonly chipClass: ChipClass
  readonly currency: Currency
  /** Seconds since 1970; not valid from then on. */
  readonly expires: number
  readonly publicKey: Bytes
}

export interface TerminalCertificate {
  readonly version: number
  readonly type: 'terminal-certificate'
  readonly issuerKeyVersion: number
  readonly terminal: TerminalId
  readonly store: StoreId
  readonly currency: Currency
  readonly expires: number
  readonly publicKey: Bytes
}

export const purseCertificate = struct<PurseCertificate>({
  version: u8,
  type: choice({ 'purse-certificate': MESSAGE_TYPE['purse-certificate'] }),
  issuerKeyVersion: u8,
  purse: name<PurseId>(),
  chipClass: choice<ChipClass>(CHIP_CLASS),
  currency,
  expires: u32,
  publicKey: bytes(POINT_BYTES),
})

export const terminalCertificate = struct<TerminalCertificate>({
  version: u8,
  type: choice({ 'terminal-certificate': MESSAGE_TYPE['terminal-certificate'] }),
  issuerKeyVersion: u8,
  terminal: name<TerminalId>(),
  store: name<StoreId>(),
  currency,
  expires: u32,
  publicKey: bytes(POINT_BYTES),
})

/** With the signature behind it. */
export const PURSE_CERTIFICATE_BYTES = purseCertificate.size + SIGNATURE_BYTES
export const TERMINAL_CERTIFICATE_BYTES = terminalCertificate.size + SIGNATURE_BYTES

type Certificate = PurseCertificate | TerminalCertificate

/**
 * @param sign  with the issuer's key, wherever that is kept
 * @returns the certificate's bytes with the issuer's signature behind them
 */
export function certify<T extends Certificate>(sign: (message: Bytes) => Bytes, layout: Struct<T>, facts: T): Bytes {
  const body = layout.write(facts)
  return concat(body, sign(body))
}

/**
 * Reads a certificate that this issuer signed. Says nothing of expiry or revocation: the caller knows the time.
 *
 * @param issuer  the issuer's public key, 65 bytes
 * @returns undefined when it is not one, or not this issuer's
 */
export function checkCertificate<T extends Certificate>(
  crypto: Crypto,
  issuer: Bytes,
  layout: Struct<T>,
  certificate: Bytes,
): T | undefined {
  const facts = layout.read(certificate.slice(0, layout.size))
  if (facts === undefined || facts.version !== PROTOCOL_VERSION) return undefined
  const body = certificate.slice(0, layout.size)
  return crypto.verify(issuer, body, certificate.slice(layout.size)) ? facts : undefined
}
