// A terminal proves itself: the issuer's certificate, and a signature over this chip's challenge. Only then does the chip
// say who it is (C-11). A certificate alone authorises nothing (D-1).
import { load32, pen, put8, put32, putBytes, writeFrom } from './bytes.ts'
import { head } from './head.ts'
import { verify } from './host.ts'
import { answer, DATA, IO, refuse } from './io.ts'
import { CERTIFICATE, IDENTITY, readCertificate } from './issue.ts'
import {
  CHALLENGE_BYTES,
  Direction,
  Identity,
  Introduction,
  NAME_BYTES,
  PROTOCOL_VERSION,
  PSEUDONYM_BYTES,
  PurseCertificate,
  SIGNATURE_BYTES,
  TerminalCertificate,
  Type,
} from './layout.ts'
import { takeWitness, WITNESS } from './records.ts'
import { wantsOnline } from './rules.ts'
import { CHALLENGE, introduce, TERMINAL } from './session.ts'
import { CERTIFICATE_EXPIRED, DATA_WRONG, KEY_VERSION_UNKNOWN, LENGTH_WRONG, OK, SIGNATURE_WRONG } from './status.ts'

const INTRODUCTION: usize = memory.data(Introduction.SIZE)
const PROOF: usize = DATA + TerminalCertificate.SIGNED_SIZE

/** INS 20: certificate ‖ signature; the answer is an Acquaintance. */
export function introduction(size: i32): i32 {
  introduce(false)
  if (size !== TerminalCertificate.SIGNED_SIZE + SIGNATURE_BYTES) return refuse(LENGTH_WRONG)
  const valid = checkCertificate()
  if (valid !== OK) return refuse(valid)
  if (!hasSigned()) return refuse(SIGNATURE_WRONG)
  memory.copy(TERMINAL, DATA, TerminalCertificate.SIZE)
  introduce(true)
  return acquaint()
}

function checkCertificate(): i32 {
  if (load<u8>(DATA + TerminalCertificate.VERSION) !== PROTOCOL_VERSION) return DATA_WRONG
  if (load<u8>(DATA + TerminalCertificate.TYPE) !== Type.TERMINAL_CERTIFICATE) return DATA_WRONG
  if (load<u8>(DATA + TerminalCertificate.KEY_VERSION) !== load<u8>(IDENTITY + Identity.ISSUER_KEY_VERSION))
    return KEY_VERSION_UNKNOWN
  if (!verify(IDENTITY + Identity.ISSUER_KEY, DATA, TerminalCertificate.SIZE, DATA + TerminalCertificate.SIZE))
    return SIGNATURE_WRONG
  // by the latest time that the center has told; the chip has no clock (C-10)
  return head.time < load32(DATA + TerminalCertificate.EXPIRES) ? OK : CERTIFICATE_EXPIRED
}

function hasSigned(): bool {
  writeFrom(INTRODUCTION)
  put8(PROTOCOL_VERSION)
  put8(Type.INTRODUCTION)
  put8(Direction.TO_CHIP)
  putBytes(DATA + TerminalCertificate.TERMINAL, NAME_BYTES)
  putBytes(CHALLENGE, CHALLENGE_BYTES)
  return verify(DATA + TerminalCertificate.PUBLIC, INTRODUCTION, Introduction.SIZE, PROOF) === 1
}

/** debit.ts: acquaintance. */
function acquaint(): i32 {
  readCertificate()
  takeWitness()
  writeFrom(IO)
  putBytes(CERTIFICATE, PurseCertificate.SIGNED_SIZE)
  put32(head.seq)
  putBytes(WITNESS + 4, 4 + PSEUDONYM_BYTES)
  put8(head.flag)
  put8(wantsOnline())
  return answer((pen - IO) as i32)
}
