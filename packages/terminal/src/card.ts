/**
 * How terminal and chip get to know each other, as pure functions from one answer to the next command: SELECT, then
 * INTRODUCE with the terminal's certificate, then the chip's acquaintance (C-11). Nothing here takes money.
 */
import { type Bytes, concat } from '@kozeni/base/bytes'
import type { PurseId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { decodeResponse, encodeCommand } from '@kozeni/protocol/apdu'
import { type ChipClass, checkCertificate, type PurseCertificate, purseCertificate } from '@kozeni/protocol/certificate'
import type { Crypto } from '@kozeni/protocol/crypto'
import { acquaintance, introduction } from '@kozeni/protocol/debit'
import { PROTOCOL_VERSION } from '@kozeni/protocol/header'
import { greeting, INS, PURSE_AID, purseCommand, selectCommand } from '@kozeni/protocol/purse'
import { type Refusal, refusal, refusalOf } from '@kozeni/protocol/refusal'
import type { Terms } from './till.ts'

/** A chip that has shown who it is. */
export interface Card {
  readonly purse: PurseId
  readonly chipClass: ChipClass
  readonly publicKey: Bytes
  /** Seconds since 1970; its certificate ends then. */
  readonly expires: number
  /** Debits and voids it has made. */
  readonly seq: number
  /** Fc: the center has not confirmed its last operation. */
  readonly flag: boolean
  /** It should meet the center soon: for its limits (C-6), or because the center has not confirmed its last operation. */
  readonly onlineWanted: boolean
}

/** The terminal to a chip. */
export interface Self {
  readonly crypto: Crypto
  readonly key: Bytes
  readonly terms: Terms
}

export const SUCCESS = 0x9000

/** The first command of every contact. */
export const select: Bytes = encodeCommand(selectCommand(PURSE_AID))

/**
 * The terminal's introduction to the chip that answered SELECT.
 *
 * @refuses chip-gone · not-personalised (no purse on this chip, or of another protocol version)
 * @spec    C-4, C-11
 */
export function introduce({ crypto, key, terms }: Self, response: Bytes | undefined): Result<Bytes, Refusal> {
  const answer = answerOf(response)
  if (!answer.ok) return answer
  const greeted = answer.value.statusWord === SUCCESS ? greeting.read(answer.value.data) : undefined
  if (greeted?.version !== PROTOCOL_VERSION) return no(refusal('not-personalised'))
  const message = introduction.write({
    version: PROTOCOL_VERSION,
    type: 'introduction',
    direction: 'to-chip',
    terminal: terms.terminal,
    challenge: greeted.challenge,
  })
  return ok(encodeCommand(purseCommand(INS.introduce, concat(terms.certificateBytes, crypto.sign(key, message)))))
}

/**
 * Who answered INTRODUCE. Says nothing of whether to take money from it.
 *
 * @refuses chip-gone · certificate-wrong · currency-differs · what the chip refuses
 * @spec    C-9, C-11
 */
export function meet({ crypto, terms }: Self, response: Bytes | undefined): Result<Card, Refusal> {
  const answer = answerOf(response)
  if (!answer.ok) return answer
  if (answer.value.statusWord !== SUCCESS) return no(said(answer.value.statusWord))
  const met = acquaintance.read(answer.value.data)
  const facts = met && certified(crypto, terms, met.certificate)
  if (met === undefined || facts === undefined) return no(refusal('certificate-wrong'))
  if (facts.currency !== terms.certificate.currency) return no(refusal('currency-differs'))
  const { purse, chipClass, publicKey, expires } = facts
  const onlineWanted = met.onlineWanted || met.flag
  return ok({ purse, chipClass, publicKey, expires, seq: met.seq, flag: met.flag, onlineWanted })
}

/** What stands in a purse's certificate, when one of the issuer's keys signed it. */
function certified(crypto: Crypto, { issuerKeys }: Terms, certificate: Bytes): PurseCertificate | undefined {
  const version = purseCertificate.read(certificate.slice(0, purseCertificate.size))?.issuerKeyVersion
  const issuer = issuerKeys.find(key => key.version === version)
  return issuer && checkCertificate(crypto, issuer.publicKey, purseCertificate, certificate)
}

/** The answer in `response`. @refuses chip-gone */
export function answerOf(response: Bytes | undefined): Result<{ data: Bytes; statusWord: number }, Refusal> {
  const answer = response && decodeResponse(response)
  return answer === undefined ? no(refusal('chip-gone')) : ok(answer)
}

/** What a chip means by its status word; one that no purse says is as good as no answer. */
export const said = (statusWord: number): Refusal => refusal(refusalOf(statusWord) ?? 'chip-gone', { statusWord })
