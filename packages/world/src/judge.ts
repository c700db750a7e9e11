/**
 * The judge of a world that has come to rest: opens every chip, every till, every shop's book and the provider's, runs the
 * auditor over the center's, and holds them against each other (PROTOCOL §10). Knows nothing of what was planned.
 */

import type { PurseId, TerminalId } from '@kozeni/base/ids'
import { audit } from '@kozeni/center/audit'
import type { PurseRow } from '@kozeni/center/book'
import { Chip } from '@kozeni/chip/chip'
import { LocalReader } from '@kozeni/chip/reader-local'
import { decodeResponse, encodeCommand } from '@kozeni/protocol/apdu'
import { type Outcomes, seal, unseal } from '@kozeni/protocol/message'
import { INS, PURSE_AID, purseCommand, selectCommand } from '@kozeni/protocol/purse'
import type { Asked, Sale } from '@kozeni/terminal/till'
import { memoryArchive } from './archive-memory.ts'
import { type City, diceOf } from './city.ts'
import type { Holder, Told } from './holder.ts'
import type { Provider } from './provider.ts'
import type { Shop } from './shop.ts'
import type { Till } from './till.ts'
import type { Complaint } from './watch.ts'

/** All who are asked. */
export interface Parties {
  readonly holders: readonly Holder[]
  readonly tills: readonly Till[]
  readonly shops: readonly Shop[]
  readonly provider: Provider
}

/** Everything that is wrong in this world; nothing in a sound one. */
export async function judge(city: City, parties: Parties): Promise<readonly Complaint[]> {
  const gaps = await gapsOf(city, parties.tills)
  const chips = await Promise.all(
    parties.holders.map(holder => judgeChip(city, holder, gaps.get(holder.citizen.purse) ?? NO_GAP)),
  )
  const shops = await Promise.all(parties.shops.map(shop => judgeShop(city, shop)))
  const tills = await Promise.all(parties.tills.map(till => judgeTill(city, till)))
  const told = parties.holders.flatMap(({ told }) => told.flatMap(one => judgeTold(city, one)))
  const book = await judgeBook(city, parties.provider)
  return [...city.watch.complaints, ...chips.flat(), ...shops.flat(), ...tills.flat(), ...told, ...book]
}

const complaint = (subject: string, invariant: string, says: string): Complaint => ({ subject, invariant, says })

/** The auditor's findings, and the accounts against the provider's own. */
async function judgeBook(city: City, provider: Provider): Promise<readonly Complaint[]> {
  const { findings, unexplained, balances } = await audit(city, memoryArchive(city.book))
  const sum = Object.values(balances).reduce((all, one) => all + one, 0n)
  const funds = balances.funding ?? 0n
  return [
    ...findings.map(({ row, says, expected, found, invariant }) =>
      complaint(row, invariant, `${says}: ${expected} expected, ${found} found`),
    ),
    ...(unexplained === 0n ? [] : [complaint('book', 'INV-ACCOUNTED', `${unexplained} is unexplained`)]),
    ...(sum === 0n ? [] : [complaint('book', 'INV-SUM', `the accounts sum to ${sum}`)]),
    ...(funds === provider.holds
      ? []
      : [complaint('provider', 'INV-NOCREATE', `it holds ${provider.holds}, by the book ${funds}`)]),
    ...stillOpen(city),
    ...falseAlarms(city),
  ]
}

/** A till whose disk was put back says another thing at the same place, and uses the numbers of its sales again. */
const OF_DOUBTED_TILLS: ReadonlySet<string> = new Set(['journal-forked', 'sale-paid-twice'])

/** Nobody is suspected whose chip was left alone. A till that served a blocked purse too late is told of, and rightly. */
function falseAlarms({ book: { tables }, suspects, doubtedTills }: City): readonly Complaint[] {
  const listed = new Set<string>([...tables.hotlist.values()].flatMap(({ purses }) => purses.listed))
  return [...tables.alarm.values()]
    .filter(({ subject }) => !suspects.has(subject as PurseId))
    .filter(({ subject, what }) => !OF_DOUBTED_TILLS.has(what) || !doubtedTills.has(subject as TerminalId))
    .filter(({ subject, what }) => what !== 'receipt-too-late' || !listed.has(subject))
    .map(({ subject, what, facts }) =>
      complaint(subject, 'INV-EVID', `an alarm about it: ${what} ${JSON.stringify(facts)}`),
    )
}

/** @spec INV-LIVE */
function stillOpen({ book: { tables }, suspects }: City): readonly Complaint[] {
  const operations = [...tables.operation.values()].filter(
    ({ closed, purse }) => closed === undefined && !suspects.has(purse),
  )
  const loads = [...tables.load.values()].filter(({ stage }) => stage === 'requested' || stage === 'giving-back')
  return [
    ...operations.map(({ purse, number, kind }) => complaint(purse, 'INV-LIVE', `its ${kind} ${number} is still open`)),
    ...loads.map(({ purse, load, stage }) => complaint(purse, 'INV-LIVE', `its load ${load} is still ${stage}`)),
  ]
}

/** The chip's own word against the book's. */
async function judgeChip(city: City, holder: Holder, gap: Gap): Promise<readonly Complaint[]> {
  const { purse } = holder.citizen
  const row = city.book.tables.purse.get(purse)
  if (holder.isGone && row?.stage !== 'retired')
    return [complaint(purse, 'INV-LIVE', `it was lost, and is ${row?.stage}`)]
  if (city.suspects.has(purse)) return []
  if (row?.stage !== 'active') return [complaint(purse, 'INV-LIVE', `its installation is ${row?.stage ?? 'nowhere'}`)]
  const said = await askChip(city, holder, row)
  const { notGiven, voided } = both(gap, heldOf(city, purse))
  if (said === undefined) return [complaint(purse, 'INV-LIVE', 'its chip does not answer')]
  return [
    ...judgeKeys(city, row),
    ...(said.flag ? [complaint(purse, 'INV-FLAG', 'its chip’s flag is up')] : []),
    ...within(purse, 'was given', said.credits, row.credits, voided),
    ...within(purse, 'has paid', said.debits, row.debits, notGiven),
  ]
}

/** Everybody has the newest keys, and accepts no others where any were rotated. @spec INV-LIVE, PROTOCOL §8 */
function judgeKeys({ vault }: City, { purse, keyVersion, keyFloor }: PurseRow): readonly Complaint[] {
  return keyVersion === vault.keyVersion && keyFloor >= vault.keyFloor
    ? []
    : [
        complaint(
          purse,
          'INV-LIVE',
          `its keys are ${keyFloor} to ${keyVersion} of ${vault.keyFloor} to ${vault.keyVersion}`,
        ),
      ]
}

/** The chip is never behind the book, and ahead of it by no more than is known why. @spec INV-ACCOUNTED */
function within(purse: string, what: string, chip: bigint, book: bigint, gap: bigint): readonly Complaint[] {
  const ahead = chip - book
  if (ahead >= 0n && ahead <= gap) return []
  return [
    complaint(purse, 'INV-ACCOUNTED', `its chip ${what} ${chip}, by the book ${book}, of which ${gap} may be missing`),
  ]
}

async function askChip(city: City, { silicon }: Pick<Holder, 'silicon'>, row: PurseRow): Promise<Outcomes | undefined> {
  const keys = city.vault.purseKeys(row.keyVersion, row.purse)
  if (keys === undefined) return undefined
  const dice = diceOf(city, `judge ${row.purse}`)
  const reader = new LocalReader(new Chip({ silicon, crypto: city.crypto, dice }))
  await reader.connect()
  await reader.transmit(encodeCommand(selectCommand(PURSE_AID)))
  const read = seal(city.crypto, keys, row.purse, { type: 'read', body: {} })
  const response = await reader.transmit(encodeCommand(purseCommand(INS.message, read)))
  await reader.disconnect()
  const message = response && unseal(city.crypto, keys, row.purse, decodeResponse(response)?.data ?? response)
  return message?.type === 'result' ? message.body : undefined
}

/** What a purse's totals may show that no receipt will ever say, and which sales it comes from. */
interface Gap {
  /** Paid for goods that were never given, or by a chip that had refused at first. @spec D-5 */
  readonly notGiven: bigint
  /** Given back by a void that the clerk gave up asking for. @spec K-2 */
  readonly voided: bigint
}

const NO_GAP: Gap = { notGiven: 0n, voided: 0n }

async function gapsOf(city: City, tills: readonly Till[]): Promise<ReadonlyMap<string, Gap>> {
  const known = await Promise.all(tills.map(till => till.sales()))
  const forgotten = await Promise.all(tills.map(till => till.forgotten()))
  const mayLack = new Map<string, Gap & { readonly purse: string }>()
  const note = ({ request: { purse, seq, terminal } }: Asked, { notGiven, voided }: Gap): void => {
    const name = `${purse} ${seq} ${terminal}`
    const before = mayLack.get(name) ?? NO_GAP
    mayLack.set(name, { purse, notGiven: larger(before.notGiven, notGiven), voided: larger(before.voided, voided) })
  }
  for (const sale of known.flat()) if (sale.asked) note(sale.asked, gapIn(sale))
  for (const sale of forgotten.flat()) if (sale.asked) note(sale.asked, forgottenIn(city, sale, sale.asked))
  return new Map(
    [...Map.groupBy(mayLack.values(), ({ purse }) => purse)].map(([purse, all]) => [
      purse,
      all.reduce<Gap>(both, NO_GAP),
    ]),
  )
}

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b)
const both = <G extends Gap>(a: G, b: G): G => ({
  ...a,
  notGiven: a.notGiven + b.notGiven,
  voided: a.voided + b.voided,
})

const gapIn = ({ stage, voidStage, amount }: Sale): Gap => ({
  notGiven: stage === 'not-given' || stage === 'refused' ? amount : 0n,
  voided: voidStage === 'given-up' ? amount : 0n,
})

/**
 * What the book has and did not post: a till whose disk was put back has used a sale's number again, and its chip was
 * debited and given it back. Neither is held without the other: a debit alone goes back to its purse, and a void is booked
 * behind a debit that is.
 */
function heldOf({ book: { tables }, doubtedTills }: City, purse: PurseId): Gap {
  const isHeld = (seq: number): boolean => tables.receipt.get(`${purse} ${seq}`)?.standing === 'held'
  const voids = [...tables.receipt.values()]
    .filter(row => row.purse === purse && row.kind === 'void' && doubtedTills.has(row.terminal))
    .filter(({ seq }) => isHeld(seq) && isHeld(seq - 1))
  const amount = voids.reduce((sum, row) => sum + row.amount, 0n)
  return { notGiven: amount, voided: amount }
}

/** Of a sale that only a lost till knew, or a disk that was put back: all that no other way has brought to the book. */
function forgottenIn({ book: { tables } }: City, { voidStage, amount }: Sale, { request }: Asked): Gap {
  const isBooked = (seq: number): boolean => tables.receipt.has(`${request.purse} ${seq}`)
  return {
    notGiven: isBooked(request.seq + 1) ? 0n : amount,
    voided: voidStage === 'none' || voidStage === 'refused' || isBooked(request.seq + 2) ? 0n : amount,
  }
}

/** Every receipt that a till has is booked, and nothing is left open. */
async function judgeTill({ book: { tables }, suspects }: City, till: Till): Promise<readonly Complaint[]> {
  return (await till.sales()).flatMap(({ sale, stage, receipt, voidReceipt }) => {
    if (stage === 'unresolved') return [complaint(`sale ${sale}`, 'INV-LIVE', 'it is still unresolved')]
    return [receipt, voidReceipt].flatMap(kept => {
      if (kept === undefined) return []
      const { purse, seq } = kept.receipt
      const booked = tables.receipt.get(`${purse} ${seq}`)
      return booked === undefined && !suspects.has(purse)
        ? [complaint(purse, 'INV-ACCOUNTED', `its receipt ${seq} is not booked`)]
        : []
    })
  })
}

/** What a shop shows is what the center has decided; goods are given once, for what was paid. @spec INV-SHOW, INV-ONCE */
async function judgeShop(city: City, shop: Shop): Promise<readonly Complaint[]> {
  const complaints: Complaint[] = []
  for (const number of shop.offered) {
    const said = await shop.said(number)
    const decided = decisionOf(city, shop, number)
    const shown = said === 'paid' ? 'commit' : said === 'not-paid' ? 'void' : undefined
    if (shown !== undefined && shown !== decided)
      complaints.push(complaint(number, 'INV-SHOW', `the shop says ${said}, the center ${decided ?? 'nothing'}`))
    if (shown === undefined && decided !== undefined)
      complaints.push(complaint(number, 'INV-LIVE', `the shop does not know that it is ${decided}`))
    if ((shop.handedOver.get(number) ?? 0) > (said === 'paid' ? 1 : 0))
      complaints.push(complaint(number, 'INV-ONCE', `its goods were handed over ${shop.handedOver.get(number)} times`))
  }
  return complaints
}

function decisionOf({ book: { tables } }: City, shop: Shop, number: string): 'open' | 'commit' | 'void' | undefined {
  const used = tables.number.get(`${shop.id} ${number}`)
  return used && tables.operation.get(`${used.purse} ${used.epoch} ${used.number}`)?.decision
}

/** What a holder was told last stays so. @spec INV-SHOW */
function judgeTold(city: City, { offer, shop, verdict }: Told): readonly Complaint[] {
  const decided = decisionOf(city, shop, offer.number)
  const wrong = verdict === 'paid' ? decided !== 'commit' : verdict === 'not-paid' && decided === 'commit'
  return wrong
    ? [complaint(offer.number, 'INV-SHOW', `a holder was told ${verdict}, it is ${decided ?? 'unknown'}`)]
    : []
}
