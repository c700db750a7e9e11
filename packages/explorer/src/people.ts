/**
 * Two people decide what no ring tells any more (F-12): they have found out what the chip did, one proposes it and the other
 * confirms it. What they say truly must not be refused, and is what the operation comes to.
 */
import { hex } from '@kozeni/base/bytes'
import { idFromNumber, type ProposalId } from '@kozeni/base/ids'
import type { OperationRow, OrderRow, PurseRow } from '@kozeni/center/book'
import type { MemoryTables } from '@kozeni/center/book-memory'
import { intentOf } from '@kozeni/center/intent'
import { confirm, keysKnowing, type Proposing, propose } from '@kozeni/center/proposal'
import { comparePlaces, digestOf } from '@kozeni/protocol/operation'
import type { Cast } from './cast.ts'
import { crypto, purseId, START_MS } from './issuer.ts'
import { epochOf } from './judge.ts'

const PROPOSALS = 0x0900_0000_0000_0001n

/** About the first purse's open operation and about what waits, when its chip has met the fence and nothing else decides it. */
export function people(cast: Cast): void {
  const { stage, chipAt, centerAt, centers } = cast
  stage.may({
    parts: [chipAt[0] ?? 0, centerAt],
    perform: (record, book) => {
      const tables = centers.tables(book)
      const purse = tables.purse.get(purseId(1))
      if (purse === undefined || purse.seenFloor < epochOf(tables)) return []
      const open = [...tables.operation.values()].find(row => row.purse === purse.purse && row.closed === undefined)
      const asked = open === undefined ? aboutWaiting(cast, record, tables) : [aboutOpen(cast, record, open)]
      return asked.flatMap(row => {
        const after = decided(cast, book, purse, row)
        const says = `Two people decide that ${row.what} ${row.facts.order ?? row.about?.number} was ${row.facts.outcome}`
        return after === book ? [] : [{ next: [record, after], sends: [], fair: true, says }]
      })
    },
  })
}

type Proposed = Omit<Proposing, 'proposal'>

function decided({ centers }: Cast, book: number, purse: PurseRow, asked: Proposed): number {
  const proposal = idFromNumber<ProposalId>(PROPOSALS + BigInt(centers.tables(book).proposal.size))
  const row = { ...asked, proposal }
  const keys = keysKnowing(purse, row)
  const made = centers.run(book, START_MS, propose(crypto, keys, row))
  if (!made.answer.ok) return book
  return centers.run(made.book, START_MS, confirm(crypto, keys, 'Kato', { capture: undefined })).book
}

/** What the chip has done with it, also what its ring has forgotten. */
function aboutOpen(cast: Cast, record: number, { purse, epoch, number, digest }: OperationRow): Proposed {
  const done = cast.chips.facts(record).operations.find(one => comparePlaces(one, { epoch, number }) === 0)
  const isIt = done !== undefined && done.digest === hex(digest)
  const outcome = isIt && (done.outcome === 'applied' || done.outcome === 'reversed') ? done.outcome : 'none'
  const facts = { outcome, decision: outcome === 'applied' ? 'commit' : 'void' }
  return proposed('operation', { purse, epoch, number }, facts)
}

/** Whether the chip has had what the book still has waiting, in an operation that nobody tells of. */
function aboutWaiting(cast: Cast, record: number, { order, found }: MemoryTables): readonly Proposed[] {
  const place = [...found.values()].find(({ standing }) => standing === 'forgotten')
  const waiting = [...order.values()].filter(({ stage, purse }) => stage === 'waiting' && purse === place?.purse)
  return waiting.map(row => {
    const outcome = hasHad(cast, record, row) ? 'applied' : 'none'
    return proposed('order', place, { order: row.order, outcome })
  })
}

function hasHad({ chips }: Cast, record: number, order: OrderRow): boolean {
  const { purse, currency } = order
  const intent = intentOf(crypto, order, order.amount)
  return chips
    .facts(record)
    .operations.some(
      one => one.outcome === 'applied' && one.digest === hex(digestOf(crypto, { ...one, ...intent, purse, currency })),
    )
}

function proposed(what: Proposed['what'], about: Proposed['about'], facts: Proposed['facts']): Proposed {
  const place = about && { purse: about.purse, epoch: about.epoch, number: about.number }
  return { what, about: place, facts, reason: 'The ring does not reach it', proposedBy: 'Sato' }
}
