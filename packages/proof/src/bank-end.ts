/**
 * The end of a round: everything is brought to rest, and then it is compared, purse by purse, what the chip holds with what
 * was asked for and said to be done, each thing counted once. Anything done twice, or lost, shows here.
 */

import type { PurseId } from '@kozeni/base/ids'
import { withPostgresArchive } from '@kozeni/center/archive-postgres'
import { audit } from '@kozeni/center/audit'
import type { LoadRow, Seen } from '@kozeni/center/book'
import type { PaymentRequest } from '@kozeni/center/payment'
import { isFenced } from '@kozeni/center/restore'
import type { Sale } from '@kozeni/terminal/till'
import { contactWith, uploadFrom } from './bank-client.ts'
import type { Asked, BankTown, Holder } from './bank-town.ts'

/** The longest that anything may take: longer than the lease of a task that a dead mover had, and what it waits then. */
const MOST_MS = 90_000
const BETWEEN_MS = 100

/**
 * @param again  what those who are not at rest do after each contact
 * @returns      a sentence for everything that did not come to rest
 */
export async function drain(
  town: BankTown,
  again: (restless: readonly Holder[]) => Promise<void> = async () => undefined,
): Promise<readonly string[]> {
  const end = performance.now() + MOST_MS
  let restless: readonly Restless[] = town.people.map(holder => ({ holder, why: 'nobody has looked' }))
  for (;;) {
    const holders = restless.map(({ holder }) => holder)
    await town.settled()
    for (const till of town.tills) await uploadFrom(till)
    await Promise.all(holders.map(holder => contactWith(town, holder)))
    await again(holders)
    await town.settled()
    restless = await restlessIn(town)
    const undone = [
      ...restless.map(({ holder: { purse }, why }) => `purse ${purse} is not at rest: ${why}`),
      ...(await undoneLoads(town)),
    ]
    if (undone.length === 0 || performance.now() > end) return undone
    await town.clock.wait(BETWEEN_MS)
  }
}

interface Restless {
  readonly holder: Holder
  /** What there is to be done yet. */
  readonly why: string
}

async function restlessIn(town: BankTown): Promise<readonly Restless[]> {
  const { book } = town.anyBranch.center
  const looks = await Promise.all(town.people.map(({ purse }) => book.look({ purse })))
  return town.people.flatMap((holder, i) => {
    const why = whyRestless(looks[i])
    return why === undefined ? [] : [{ holder, why }]
  })
}

function whyRestless(seen: Seen | undefined): string | undefined {
  if (seen?.purse === undefined || !isFenced(seen.purse, seen.present)) return 'it is not fenced'
  const { purse, open, waiting } = seen
  if (purse.flag) return 'its flag is up'
  if (open !== undefined) return 'an operation is open'
  if (waiting !== undefined) return 'an order waits'
  const { seenCredits, credits, seenDebits, debits } = purse
  const [given, paid] = [seenCredits - credits, seenDebits - debits]
  if (!isBooked(given, paid, seen)) return `the chip is ahead by ${given} given and ${paid} paid`
  return purse.holds > 0 ? `${purse.holds} claims are held` : undefined
}

/** All that the chip has done stands in the book. A pay that a restored book has lost, undone, is ahead on both sides for good. */
const isBooked = (given: bigint, paid: bigint, { found }: Seen): boolean =>
  found.some(({ outcome }) => outcome === 'reversed') ? given === paid : given === 0n && paid === 0n

async function undoneLoads(town: BankTown): Promise<readonly string[]> {
  const { book } = town.anyBranch.center
  const looks = await Promise.all(town.loads.map(({ request: { load } }) => book.look({ load })))
  return looks.flatMap(({ load }) =>
    load === undefined || ENDED.includes(load.stage)
      ? []
      : [`load ${load.load} of purse ${load.purse} is still ${load.stage}`],
  )
}

const ENDED: readonly LoadRow['stage'][] = ['declined', 'loaded', 'given-back']

/**
 * @param all  everything that has happened, each once
 * @returns    one sentence for everything that is not as it should be
 */
export async function judged(town: BankTown, url: string, all: readonly Happened[]): Promise<readonly string[]> {
  const report = await withPostgresArchive(url, archive => audit(town.anyBranch.center, archive))
  const found = report.findings.map(({ row, says, difference }) => `the auditor: ${row}: ${says} (${difference ?? ''})`)
  if (report.unexplained !== 0n) found.push(`the auditor cannot explain ${report.unexplained}`)
  return [...town.found, ...found, ...(await wrongPurses(town, all)), ...(await wrongGivings(town))]
}

async function wrongPurses(town: BankTown, all: readonly Happened[]): Promise<readonly string[]> {
  const expected = new Map<PurseId, bigint>()
  for (const { purse, gives } of all) expected.set(purse, (expected.get(purse) ?? 0n) + gives)
  const { book } = town.anyBranch.center
  const rows = await Promise.all(town.people.map(({ purse }) => book.look({ purse })))
  const blocked = rows.flatMap(({ purse: row }) => (row?.blocked ? [row.purse] : []))
  const wrong = rows.flatMap(({ purse: row }) => {
    if (row === undefined) return ['a purse is gone']
    // at rest this is what the chip itself has said last
    const [onChip, wanted] = [row.seenCredits - row.seenDebits, expected.get(row.purse) ?? 0n]
    return onChip === wanted ? [] : [`purse ${row.purse} holds ${onChip}, not ${wanted} (${onChip - wanted})`]
  })
  return [...wrong, ...(await Promise.all(blocked.map(purse => whyBlocked(town, purse))))]
}

/** Everybody here is honest. */
async function whyBlocked(town: BankTown, purse: PurseId): Promise<string> {
  const { rows } = await town.anyBranch.center.views.alarms({ limit: 1000, after: undefined })
  const why = rows
    .filter(({ subject }) => subject === purse)
    .map(({ what, facts }) => `${what} ${JSON.stringify(facts)}`)
  return `purse ${purse} is blocked: ${why.join(', ') || 'for no reason'}`
}

export const KINDS = ['loads', 'payments', 'refunds', 'sales at tills', 'voids at tills'] as const

/** Something that a purse ought to have gained or lost by. */
export interface Happened {
  readonly kind: (typeof KINDS)[number]
  readonly purse: PurseId
  readonly gives: bigint
}

/** Every load, sale, void and refund that is said to be done, once. */
export async function happened(town: BankTown): Promise<readonly Happened[]> {
  const { book } = town.anyBranch.center
  const all: Happened[] = []
  for (const { request } of town.loads) {
    const { load } = await book.look({ load: request.load })
    if (load?.stage === 'loaded') all.push({ kind: 'loads', purse: load.purse, gives: load.amount })
  }
  for (const { request } of town.sales) {
    const { number, numbered } = await book.look({ number: nameOf(request) })
    if (number !== undefined && numbered?.decision === 'commit')
      all.push({ kind: 'payments', purse: number.purse, gives: 0n - number.amount })
  }
  for (const { request } of town.refunds) {
    const { order } = await book.look({ order: request.order })
    if (order?.stage === 'done') all.push({ kind: 'refunds', purse: order.purse, gives: order.amount })
  }
  return [...all, ...town.tills.flatMap(({ terminal }) => terminal.sales()).flatMap(atTill)]
}

function atTill({ stage, receipt, voidStage, amount }: Sale): readonly Happened[] {
  if (stage !== 'paid' || receipt === undefined) return []
  const { purse } = receipt.receipt
  const paid: Happened = { kind: 'sales at tills', purse, gives: 0n - amount }
  return voidStage === 'voided' ? [paid, { kind: 'voids at tills', purse, gives: amount }] : [paid]
}

/** What the book has a sale's number by. */
const nameOf = ({ transaction: { store }, number: transaction }: PaymentRequest) => ({ store, transaction })

/** Money went back exactly for the loads that ended so. @spec INV-EVID */
async function wrongGivings(town: BankTown): Promise<readonly string[]> {
  const { book } = town.anyBranch.center
  const found: string[] = []
  for (const { request } of town.loads) {
    const { load } = await book.look({ load: request.load })
    const back = load?.capture !== undefined && town.funding.refunded.has(load.capture)
    if (back !== (load?.stage === 'given-back'))
      found.push(`load ${request.load} is ${load?.stage}, and its money ${back ? 'went back' : 'did not go back'}`)
  }
  return found
}

/**
 * What a center has said it has, and does not know.
 *
 * @param isTold  of which sales it must know: after a restore, those that a store was told are paid
 * @returns       a sentence each
 */
export async function lost(
  town: BankTown,
  isTold: (sale: PaymentRequest) => boolean = () => true,
): Promise<readonly string[]> {
  const { book } = town.anyBranch.center
  const known = <T>(all: readonly Asked<T>[]): readonly T[] =>
    all.filter(({ acknowledged }) => acknowledged).map(({ request }) => request)
  const looked = await Promise.all([
    ...known(town.loads).map(async ({ load: name }) => ({
      name: `load ${name}`,
      row: (await book.look({ load: name })).load,
    })),
    ...known(town.sales)
      .filter(isTold)
      .map(async sale => ({
        name: `sale ${sale.number}`,
        row: (await book.look({ number: nameOf(sale) })).number,
      })),
    ...known(town.refunds).map(async ({ order: name }) => ({
      name: `refund ${name}`,
      row: (await book.look({ order: name })).order,
    })),
  ])
  return looked.filter(({ row }) => row === undefined).map(({ name }) => `${name} was acknowledged, and is not known`)
}
