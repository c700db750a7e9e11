/** What the center hands a terminal on-line, checked and turned into journal entries: pure. */
import { type Bytes, equal, fromBase64url, NO_BYTES } from '@kozeni/base/bytes'
import { parseMoney, ZERO } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import { checkCertificate, terminalCertificate } from '@kozeni/protocol/certificate'
import type { Crypto } from '@kozeni/protocol/crypto'
import { hotlistMessage } from '@kozeni/protocol/hotlist'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { TerminalStanding } from './center.ts'
import { type Entry, type EntryOf, type IssuerKey, type Limits, type ListChange, writeEntry } from './entry.ts'
import { hotlistAfter, type Till } from './till.ts'

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
  const hotlist = hotlistEntry(said, now)
  const isNews = isNewer(till, hotlist)
  const isGood = continues(till, hotlist) && isSigned(crypto, till, terms.issuerKeys, hotlist, said.hotlist.signature)
  if (isNews && !isGood) return no(refusal('center-garbled', { field: 'hotlist' }))
  return ok([
    ...(isKnown(till, terms) ? [] : [terms]),
    ...(isNews ? [hotlist] : []),
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

/** A certificate that ends later by less is not news: the center makes a new one each time. */
const NEWS_SECONDS = 86_400

/** Whether the till has these terms already. */
function isKnown({ terms }: Till, entry: EntryOf<'terms'>): boolean {
  if (terms === undefined) return false
  const { terminal, issuerKeys, limits } = terms
  const { expires } = terminalCertificate.read(entry.certificate.slice(0, terminalCertificate.size)) ?? { expires: 0 }
  const same = { ...entry, terminal, issuerKeys, limits }
  return Math.abs(expires - terms.certificate.expires) < NEWS_SECONDS && writeEntry(same) === writeEntry(entry)
}

function hotlistEntry({ hotlist }: TerminalStanding, at: number): EntryOf<'hotlist'> {
  const { version, since, entries } = hotlist
  const purses = entries.flatMap(entry => (entry.subject === 'purse' ? [{ ...entry, name: entry.purse }] : []))
  const terminals = entries.flatMap(entry => (entry.subject === 'terminal' ? [{ ...entry, name: entry.terminal }] : []))
  const made = seconds(hotlist.at)
  return { entry: 'hotlist', at, version, since, made, purses: changeOf(purses), terminals: changeOf(terminals) }
}

const changeOf = <T>(entries: readonly { readonly name: T; readonly listed: boolean }[]): ListChange<T> => ({
  listed: entries.filter(({ listed }) => listed).map(({ name }) => name),
  unlisted: entries.filter(({ listed }) => !listed).map(({ name }) => name),
})

/** Versions never go back: an older list, however well signed, is passed over. @spec D-7 */
const isNewer = ({ hotlist }: Till, { version, made }: EntryOf<'hotlist'>): boolean =>
  hotlist === undefined || version > hotlist.version || (version === hotlist.version && made > hotlist.made)

const continues = ({ hotlist }: Till, { since }: EntryOf<'hotlist'>): boolean =>
  since === 0 || since === hotlist?.version

/** The issuer signs the list that comes of it, as a whole. */
function isSigned(
  crypto: Crypto,
  till: Till,
  issuerKeys: readonly IssuerKey[],
  change: EntryOf<'hotlist'>,
  signature = '',
): boolean {
  const { version, made, purses, terminals } = hotlistAfter(till.hotlist, change)
  const message = hotlistMessage({ version, at: made, purses: [...purses], terminals: [...terminals] })
  return issuerKeys.some(({ publicKey }) => crypto.verify(publicKey, message, bytesOf(signature)))
}

function clockEntries(till: Till, { clockDoubtSeconds }: Limits, center: number, at: number): readonly Entry[] {
  if (Math.abs(center - at) > clockDoubtSeconds) return [{ entry: 'clock-doubted', at, latest: center }]
  return till.clockDoubted || at < till.latest ? [{ entry: 'clock-agreed', at }] : []
}
