/** What the center hands a terminal on-line, checked and turned into journal entries: pure. */
import { type Bytes, equal, fromBase64url, NO_BYTES } from '@kozeni/base/bytes'
import { parseMoney, ZERO } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import { checkCertificate, terminalCertificate } from '@kozeni/protocol/certificate'
import type { Crypto } from '@kozeni/protocol/crypto'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { TerminalStanding } from './center.ts'
import { type Entry, type EntryOf, type IssuerKey, type Limits, writeEntry } from './entry.ts'
import type { Till } from './till.ts'

/**
 * The entries by which the till takes over what the center said; none for what it knows already.
 *
 * @param publicKey  the terminal's own
 * @param now        seconds since 1970, by the terminal's clock
 * @refuses          center-garbled (field): a certificate that is not for this key or not the issuer's, or a hotlist
 *                   that does not continue the one that is there
 * @spec             D-7, K-3
 */
export function standingEntries(
  crypto: Crypto,
  till: Till,
  publicKey: Bytes,
  said: TerminalStanding,
  now: number,
): Result<readonly Entry[], Refusal> {
  const terms = termsEntry(said, now)
  if (!isOurs(crypto, terms, publicKey) || (till.terms && till.terms.terminal !== said.terminal)) {
    return no(refusal('center-garbled', { field: 'certificate' }))
  }
  const { since, version } = said.hotlist
  if (since !== 0 && since !== till.hotlist?.version) return no(refusal('center-garbled', { field: 'hotlist' }))
  const isNews = version !== till.hotlist?.version || seconds(said.hotlist.at) > till.hotlist.made
  return ok([
    ...(isKnown(till, terms) ? [] : [terms]),
    ...(isNews ? [hotlistEntry(said, now)] : []),
    ...clockEntries(till, terms.limits, seconds(said.at), now),
  ])
}

const seconds = (time: string): number => Math.floor(Date.parse(time) / 1000)

function termsEntry({ terminal, certificate, issuerKeys, limits }: TerminalStanding, at: number): EntryOf<'terms'> {
  const keys = issuerKeys.map(({ version, publicKey }): IssuerKey => ({ version, publicKey: bytesOf(publicKey) }))
  return { entry: 'terms', at, terminal, certificate: bytesOf(certificate), issuerKeys: keys, limits: limitsOf(limits) }
}

/** The contract has checked the spelling. */
const bytesOf = (text: string): Bytes => fromBase64url(text) ?? NO_BYTES
const amountOf = (text: string) => parseMoney(text) ?? ZERO

const limitsOf = (limits: TerminalStanding['limits']): Limits => ({
  perSale: amountOf(limits.perSale),
  perPurse: amountOf(limits.perPurse),
  unuploaded: amountOf(limits.unuploaded),
  maxOfflineSeconds: limits.maxOfflineSeconds,
  hotlistAgeSeconds: limits.hotlistAgeSeconds,
  clockDoubtSeconds: limits.clockDoubtSeconds,
})

function isOurs(crypto: Crypto, { terminal, certificate, issuerKeys }: EntryOf<'terms'>, publicKey: Bytes): boolean {
  const facts = issuerKeys
    .map(issuer => checkCertificate(crypto, issuer.publicKey, terminalCertificate, certificate))
    .find(found => found !== undefined)
  return facts !== undefined && facts.terminal === terminal && equal(facts.publicKey, publicKey)
}

/** Whether the till has exactly these terms. */
function isKnown({ terms }: Till, entry: EntryOf<'terms'>): boolean {
  if (terms === undefined) return false
  const { terminal, certificateBytes: certificate, issuerKeys, limits } = terms
  return writeEntry({ entry: 'terms', at: entry.at, terminal, certificate, issuerKeys, limits }) === writeEntry(entry)
}

function hotlistEntry({ hotlist: { version, since, at: made, entries } }: TerminalStanding, at: number): Entry {
  const purses = entries.flatMap(entry => (entry.subject === 'purse' ? [entry] : []))
  const which = (listed: boolean) => purses.filter(entry => entry.listed === listed).map(({ purse }) => purse)
  return { entry: 'hotlist', at, version, since, made: seconds(made), listed: which(true), unlisted: which(false) }
}

function clockEntries(till: Till, { clockDoubtSeconds }: Limits, center: number, at: number): readonly Entry[] {
  if (Math.abs(center - at) > clockDoubtSeconds) return [{ entry: 'clock-doubted', at, latest: center }]
  return till.clockDoubted || at < till.latest ? [{ entry: 'clock-agreed', at }] : []
}
