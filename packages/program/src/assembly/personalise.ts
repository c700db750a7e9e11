// A blank program becomes somebody's purse (P-1): data groups that only the card manager's secure channel brings. Each is
// one page write, so that every interruption is resumed by repeating; `activate` writes the head, and with it the purse is.
import { load16, load32, same } from './bytes.ts'
import { clearHead, head, readHead, writeHead } from './head.ts'
import { makeKey, storeWrite, verify } from './host.ts'
import { answer, IO, refuse } from './io.ts'
import {
  CERTIFICATE,
  CHIP_KEY_BYTES,
  CHIP_PRIVATE,
  CHIP_PUBLIC,
  IDENTITY,
  newestVersion,
  PURSE,
  readCertificate,
  readChipKey,
  readIdentity,
  readSlot,
  SLOT,
} from './issue.ts'
import { Group, Identity, KeySet, NAME_BYTES, POINT_BYTES, PROTOCOL_VERSION, PurseCertificate, Type } from './layout.ts'
import { CERTIFICATE_PAGE, CHIP_KEY_PAGE, IDENTITY_PAGE, KEYS_PAGE, KEYS_PAGES } from './pages.ts'
import { PIN_TRIES } from './pin.ts'
import { DATA_WRONG, KEY_VERSION_UNKNOWN, LENGTH_WRONG, NOT_PERSONALISED, OK, SIGNATURE_WRONG } from './status.ts'

const VALUE: usize = IO + Group.VALUE

let active: bool = false

/** One data group; `size` bytes of it stand at IO. */
export function takeGroup(size: i32): i32 {
  if (size < Group.VALUE || size !== Group.VALUE + (load16(IO + Group.LENGTH) as i32)) return refuse(LENGTH_WRONG)
  const tag: u32 = load<u8>(IO + Group.TAG)
  const length = sizeOf(tag)
  if (length < 0) return refuse(DATA_WRONG)
  if (size !== Group.VALUE + length) return refuse(LENGTH_WRONG)
  active = readHead()
  if (!active) clearHead()
  if (!readIdentity() && tag !== Group.IDENTITY) return refuse(NOT_PERSONALISED)
  return take(tag)
}

function sizeOf(tag: u32): i32 {
  if (tag === Group.IDENTITY) return Identity.SIZE
  if (tag === Group.KEYS) return KeySet.SIZE
  if (tag === Group.CERTIFICATE) return PurseCertificate.SIGNED_SIZE
  return tag === Group.MAKE_KEY || tag === Group.ACTIVATE ? 0 : -1
}

function take(tag: u32): i32 {
  switch (tag) {
    case Group.IDENTITY:
      return finish(takeIdentity())
    case Group.KEYS:
      return finish(takeKeys())
    case Group.MAKE_KEY:
      return answerKey()
    case Group.CERTIFICATE:
      return finish(takeCertificate())
    default:
      return finish(activate())
  }
}

function finish(done: i32): i32 {
  return done === OK ? answer(0) : refuse(done)
}

/** Until it is active the same purse may get another device: the holder resumes from any (P-1). */
function takeIdentity(): i32 {
  const none = !readIdentity()
  if (!none && same(IDENTITY, VALUE, Identity.SIZE)) return OK
  if (!none && (active || !same(PURSE, VALUE + Identity.PURSE, NAME_BYTES))) return DATA_WRONG
  storeWrite(IDENTITY_PAGE, VALUE, Identity.SIZE)
  return OK
}

/** A new version takes an empty slot, or that of keys that the floor has shut out (F-15). */
function takeKeys(): i32 {
  const version: u32 = load<u8>(VALUE + KeySet.VERSION)
  if (version === 0) return DATA_WRONG
  for (let slot = 0; slot < KEYS_PAGES; slot++) {
    if (readSlot(slot) === version) return same(SLOT, VALUE, KeySet.SIZE) ? OK : DATA_WRONG
  }
  if (version <= newestVersion()) return KEY_VERSION_UNKNOWN
  for (let slot = 0; slot < KEYS_PAGES; slot++) {
    const kept = readSlot(slot)
    if (kept === 0 || kept < head.keyFloor) {
      storeWrite(KEYS_PAGE + slot, VALUE, KeySet.SIZE)
      return OK
    }
  }
  return KEY_VERSION_UNKNOWN
}

/** Made once; a repeated request is told the same key (P-2). */
function answerKey(): i32 {
  if (!readChipKey()) {
    makeKey(CHIP_PRIVATE, CHIP_PUBLIC)
    storeWrite(CHIP_KEY_PAGE, CHIP_PRIVATE, CHIP_KEY_BYTES)
  }
  memory.copy(IO, CHIP_PUBLIC, POINT_BYTES)
  return answer(POINT_BYTES)
}

/** The issuer's word about this very key; a later one replaces it, since certificates of software chips are short (C-9). */
function takeCertificate(): i32 {
  if (!readChipKey()) return NOT_PERSONALISED
  if (!verify(IDENTITY + Identity.ISSUER_KEY, VALUE, PurseCertificate.SIZE, VALUE + PurseCertificate.SIZE))
    return SIGNATURE_WRONG
  if (!isAboutUs()) return DATA_WRONG
  if (readCertificate() && !isLater()) return OK
  storeWrite(CERTIFICATE_PAGE, VALUE, PurseCertificate.SIGNED_SIZE)
  return OK
}

function isAboutUs(): bool {
  return (
    load<u8>(VALUE + PurseCertificate.VERSION) === PROTOCOL_VERSION &&
    load<u8>(VALUE + PurseCertificate.TYPE) === Type.PURSE_CERTIFICATE &&
    load<u8>(VALUE + PurseCertificate.KEY_VERSION) === load<u8>(IDENTITY + Identity.ISSUER_KEY_VERSION) &&
    load16(VALUE + PurseCertificate.CURRENCY) === load16(IDENTITY + Identity.CURRENCY) &&
    same(VALUE + PurseCertificate.PURSE, PURSE, NAME_BYTES) &&
    same(VALUE + PurseCertificate.PUBLIC, CHIP_PUBLIC, POINT_BYTES)
  )
}

function isLater(): bool {
  return load32(VALUE + PurseCertificate.EXPIRES) > load32(CERTIFICATE + PurseCertificate.EXPIRES)
}

/** The first head: no value, and limits of zero until the first SET. */
function activate(): i32 {
  if (active) return OK
  if (newestVersion() === 0 || !readChipKey() || !readCertificate()) return NOT_PERSONALISED
  head.place = (load32(IDENTITY + Identity.EPOCH) as u64) << 32
  head.settingsPlace = head.place
  head.epochFloor = load32(IDENTITY + Identity.EPOCH)
  head.time = load32(IDENTITY + Identity.TIME)
  head.reason = OK as u16
  head.pinTries = PIN_TRIES
  writeHead()
  return OK
}
