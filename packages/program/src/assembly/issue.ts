// What personalisation put on the chip and operation only reads: identity, keys, certificate.

import { head } from './head.ts'
import { storeRead } from './host.ts'
import { Identity, KeySet, POINT_BYTES, PRIVATE_BYTES, PurseCertificate } from './layout.ts'
import { CERTIFICATE_PAGE, CHIP_KEY_PAGE, IDENTITY_PAGE, KEYS_PAGE, KEYS_PAGES } from './pages.ts'

export const IDENTITY: usize = memory.data(Identity.SIZE)
export const PURSE: usize = IDENTITY + Identity.PURSE
/** The set of keys in use. */
export const KEYS: usize = memory.data(KeySet.SIZE)
export const SLOT: usize = memory.data(KeySet.SIZE)
export const CHIP_KEY_BYTES = PRIVATE_BYTES + POINT_BYTES
export const CHIP_PRIVATE: usize = memory.data(CHIP_KEY_BYTES)
export const CHIP_PUBLIC: usize = CHIP_PRIVATE + PRIVATE_BYTES
export const CERTIFICATE: usize = memory.data(PurseCertificate.SIGNED_SIZE)

export function readIdentity(): bool {
  return storeRead(IDENTITY_PAGE, IDENTITY) === Identity.SIZE
}

/** The chip's own key pair. */
export function readChipKey(): bool {
  return storeRead(CHIP_KEY_PAGE, CHIP_PRIVATE) === CHIP_KEY_BYTES
}

export function readCertificate(): bool {
  return storeRead(CERTIFICATE_PAGE, CERTIFICATE) === PurseCertificate.SIGNED_SIZE
}

/** Reads one of the slots to SLOT. @returns its version, 0 when it is empty */
export function readSlot(slot: i32): u32 {
  return storeRead(KEYS_PAGE + slot, SLOT) === KeySet.SIZE ? load<u8>(SLOT + KeySet.VERSION) : 0
}

export function keyVersion(): u32 {
  return load<u8>(KEYS + KeySet.VERSION)
}

/** Takes the keys of this version in use, if the chip has them and still accepts them (F-15). */
export function useKeys(version: u32): bool {
  if (version === 0 || version < head.keyFloor) return false
  for (let slot = 0; slot < KEYS_PAGES; slot++) {
    if (readSlot(slot) === version) {
      memory.copy(KEYS, SLOT, KeySet.SIZE)
      return true
    }
  }
  return false
}

/** 0 when there is none. */
export function newestVersion(): u32 {
  let newest: u32 = 0
  for (let slot = 0; slot < KEYS_PAGES; slot++) newest = max(newest, readSlot(slot))
  return newest
}
