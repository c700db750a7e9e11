/**
 * The end of a round: everything is brought to rest, and then it is compared, purse by purse, what the chip holds with what
 * was asked for and said to be done, each thing counted once. Anything done twice, or lost, shows here.
 */

import { withPostgresArchive } from '@kozeni/center/archive-postgres'
import { audit } from '@kozeni/center/audit'
import type { LoadRow } from '@kozeni/center/book'
import { contactWith, uploadFrom } from './bank-client.ts'
import type { BankTown } from './bank-town.ts'

/** Contacts after which nothing may be left to do; each settles what the one before brought to light. */
const MOST_ROUNDS = 30
const BETWEEN_MS = 100

/** @returns whether everything came to rest */
export async function drain(town: BankTown): Promise<boolean> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    await town.settled()
    for (const till of town.tills) await uploadFrom(till)
    await Promise.all(town.people.map(holder => contactWith(town, holder)))
    await town.settled()
    if (await atRest(town)) return true
    await town.clock.wait(BETWEEN_MS)
  }
  return false
}

async function atRest(town: BankTown): Promise<boolean> {
  const { book } = town.anyBranch.center
  const looks = await Promise.all(town.people.map(({ purse }) => book.look({ purse })))
  const loads = await Promise.all(town.loads.map(({ load }) => book.look({ load })))
  return (
    looks.every(({ purse, open, waiting }) => purse?.flag === false && open === undefined && waiting === undefined) &&
    loads.every(({ load }) => load !== undefined && ENDED.includes(load.stage))
  )
}

const ENDED: readonly LoadRow['stage'][] = ['declined', 'loaded', 'given-back']

/** @returns one sentence for everything that is not as it should be */
export async function judged(town: BankTown, url: string): Promise<readonly string[]> {
  const report = await withPostgresArchive(url, archive => audit(town.anyBranch.center, archive))
  const found = report.findings.map(({ row, says, difference }) => `the auditor: ${row}: ${says} (${difference ?? ''})`)
  if (report.unexplained !== 0n) found.push(`the auditor cannot explain ${report.unexplained}`)
  return [...town.found, ...found, ...(await wrongPurses(town)), ...(await wrongGivings(town))]
}

async function wrongPurses(town: BankTown): Promise<readonly string[]> {
  const expected = await expectedValues(town)
  const { book } = town.anyBranch.center
  const rows = await Promise.all(town.people.map(({ purse }) => book.look({ purse })))
  return rows.flatMap(({ purse: row }) => {
    if (row === undefined) return ['a purse is gone']
    // at rest this is what the chip itself has said last
    const [onChip, wanted] = [row.seenCredits - row.seenDebits, expected.get(row.purse) ?? 0n]
    return onChip === wanted ? [] : [`purse ${row.purse} holds ${onChip}, not ${wanted} (${onChip - wanted})`]
  })
}

/** What each purse ought to hold: every load, sale and refund that is said to be done, once. */
async function expectedValues(town: BankTown): Promise<ReadonlyMap<string, bigint>> {
  const { book } = town.anyBranch.center
  const values = new Map<string, bigint>()
  const add = (purse: string, amount: bigint): unknown => values.set(purse, (values.get(purse) ?? 0n) + amount)
  for (const { load: name, purse, amount } of town.loads) {
    const { load } = await book.look({ load: name })
    if (load?.stage === 'loaded') add(purse, amount)
  }
  for (const {
    transaction: { store, amount },
    number,
  } of town.sales) {
    const { numbered } = await book.look({ number: { store, transaction: number } })
    if (numbered?.decision === 'commit') add(numbered.purse, 0n - amount)
  }
  for (const { order: name } of town.refunds) {
    const { order } = await book.look({ order: name })
    if (order?.stage === 'done') add(order.purse, order.amount)
  }
  for (const sale of town.tills.flatMap(({ terminal }) => terminal.sales())) {
    if (sale.stage === 'paid' && sale.receipt && sale.voidStage !== 'voided')
      add(sale.receipt.receipt.purse, 0n - sale.amount)
  }
  return values
}

/** Money went back exactly for the loads that ended so. @spec INV-EVID */
async function wrongGivings(town: BankTown): Promise<readonly string[]> {
  const { book } = town.anyBranch.center
  const found: string[] = []
  for (const { load: name } of town.loads) {
    const { load } = await book.look({ load: name })
    const back = load?.capture !== undefined && town.funding.refunded.has(load.capture)
    if (back !== (load?.stage === 'given-back'))
      found.push(`load ${name} is ${load?.stage}, and its money ${back ? 'went back' : 'did not go back'}`)
  }
  return found
}
