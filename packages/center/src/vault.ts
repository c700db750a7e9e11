/**
 * The port to the center's keys (PROTOCOL §8). It answers with derived keys and signatures, never with a master key,
 * so that an HSM can stand behind it. Nothing that it answers may be logged.
 */
import type { Bytes } from '@kozeni/base/bytes'
import type { ChipId, PurseId, StoreId } from '@kozeni/base/ids'
import type { CardKeys, PurseKeys } from '@kozeni/protocol/keys'
import type { Receipts } from '@kozeni/protocol/receipts'

/** What signs: certificates of purses and terminals; load files that chips will accept; the head of the audit chain. */
export type SigningPurpose = 'certificates' | 'load-files' | 'audit'

export interface Vault {
  /** The newest version of the purses' keys that is in use; older ones only verify. */
  readonly keyVersion: number
  /** Versions below it are to be refused by chips, as soon as each has a newer one. */
  readonly keyFloor: number
  readonly issuerKeyVersion: number
  /** @returns undefined for a version that does not exist or was revoked */
  purseKeys(version: number, purse: PurseId): PurseKeys | undefined
  /** Which receipts bear the MAC of the chip that they name: 1 for each. None of a version that does not exist or was revoked. */
  rightMacs(receipts: Receipts): Promise<Uint8Array>
  cardKeys(chip: ChipId): CardKeys
  /** The secret of one store's window (T-3): derived from the master key, stored nowhere. */
  seed(window: { readonly store: StoreId; readonly generation: number; readonly window: number }): Bytes
  publicKey(purpose: SigningPurpose): Bytes
  sign(purpose: SigningPurpose, message: Bytes): Bytes
  /** Takes in what another process has made or revoked since. Asked every few seconds; cheap when there is nothing. */
  refresh(): Promise<void>
  /** Seals what a client carries for the center between two posts (P-4). The label says what it is for. */
  sealToken(label: string, content: Bytes): Bytes
  /** @returns undefined unless this center sealed it under the same label */
  openToken(label: string, token: Bytes): Bytes | undefined
}
