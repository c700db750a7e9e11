/** The answer to reset: the same for all chips, so that it tells nobody which one this is (C-11). */
import { type Bytes, concat, unhex, utf8 } from '@kozeni/base/bytes'

/** Compact TLV: selection by whole or partial name; chaining and extended lengths; the issuer's word. */
const HISTORICAL = concat(unhex('80' + '31c0' + '73c001c0' + '56'), utf8('KOZENI'))

/** T=0 and T=1 offered, at their default speeds. */
const AFTER_TS = concat(Uint8Array.of(0x80 | HISTORICAL.length, 0x80, 0x01), HISTORICAL)

/** @spec ISO/IEC 7816-3 §8.2 */
export const ANSWER_TO_RESET: Bytes = concat(
  Uint8Array.of(0x3b),
  AFTER_TS,
  Uint8Array.of(AFTER_TS.reduce((check, byte) => check ^ byte, 0)),
)
