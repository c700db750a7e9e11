/**
 * A program on its way to a chip: the module, and the issuer's signature without which no chip takes it (C-5).
 * Signed is: "kozeni load file" ‖ 00 ‖ length of the package's name ‖ the package's name ‖ SHA-256 of the module.
 * @spec GlobalPlatform Card Specification 2.3.1 §11.6.2.3 (structure), C.3 (a signature over the data block's hash)
 */
import { type Bytes, concat, utf8 } from '@kozeni/base/bytes'
import { type Crypto, SIGNATURE_BYTES } from './crypto.ts'
import { readTlv, readTlvHeader, readTlvs, tlv, valueOf } from './tlv.ts'

/** A program as the issuer released it. */
export interface LoadFile {
  /** The package's name (AID), five to fifteen bytes. */
  readonly packageAid: Bytes
  /** The load file data block: one WebAssembly module. */
  readonly module: Bytes
  /** Of the issuer's load key, 64 bytes. */
  readonly signature: Bytes
}

const TAG = { authentication: 0xe2, domain: 0x4f, signature: 0xc3, dataBlock: 0xc4 } as const

/** What the issuer's load key signs. */
export const loadFileMessage = (crypto: Crypto, { packageAid, module }: Omit<LoadFile, 'signature'>): Bytes =>
  concat(utf8('kozeni load file'), Uint8Array.of(0, packageAid.length), packageAid, crypto.sha256(module))

/** A package holds one module, named like the package with 01 after it. */
export const moduleAid = (packageAid: Bytes): Bytes => concat(packageAid, Uint8Array.of(1))

/** The bytes that LOAD commands carry, cut as one likes. */
export const encodeLoadFile = (domainAid: Bytes, { module, signature }: LoadFile): Bytes =>
  concat(tlv(TAG.authentication, tlv(TAG.domain, domainAid), tlv(TAG.signature, signature)), tlv(TAG.dataBlock, module))

/** Everything before the module's first byte. */
export interface LoadFileHead {
  readonly domainAid: Bytes
  readonly signature: Bytes
  readonly moduleAt: number
  readonly moduleBytes: number
}

/**
 * Reads the head of a load file, which is in its first block.
 *
 * @returns undefined when it has no signature, or is none
 */
export function readLoadFileHead(bytes: Bytes): LoadFileHead | undefined {
  const authentication = readTlv(bytes, 0)
  if (authentication?.tag !== TAG.authentication) return undefined
  const inside = readTlvs(authentication.value)
  const domainAid = valueOf(inside, TAG.domain)
  const signature = valueOf(inside, TAG.signature)
  const block = readTlvHeader(bytes, authentication.end)
  if (domainAid === undefined || signature?.length !== SIGNATURE_BYTES || block?.tag !== TAG.dataBlock) return undefined
  return { domainAid, signature, moduleAt: block.valueAt, moduleBytes: block.length }
}
