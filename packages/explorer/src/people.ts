/**
 * Two people decide what no ring tells any more (F-12): they have found out what the chip did, one proposes it and the other
 * confirms it. What they say truly must not be refused, and is what the operation comes to.
 */
import { hex } from '@kozeni/base/bytes'
import { id, type ProposalId } from '@kozeni/base/ids'
import type { OperationRow } from '@kozeni/center/book'
import type { ProposalRow } from '@kozeni/center/book-proposal'
import { confirm, keysKnowing, propose } from '@kozeni/center/proposal'
import { comparePlaces } from '@kozeni/protocol/operation'
import type { Cast } from './cast.ts'
import { crypto, purseId, START_MS } from './issuer.ts'
import { epochOf } from './judge.ts'

const PROPOSAL = id<ProposalId>('0900000000000001')

/** About the first purse's open operation, when its chip has met the fence and nothing else closes it. */
export function people(cast: Cast): void {
  const { stage, chipAt, centerAt, centers } = cast
  stage.may({
    parts: [chipAt[0] ?? 0, centerAt],
    perform: (record, book) => {
      const tables = centers.tables(book)
      const purse = tables.purse.get(purseId(1))
      const open = [...tables.operation.values()].find(row => row.purse === purse?.purse && row.closed === undefined)
      if (purse === undefined || open === undefined || purse.seenFloor < epochOf(tables)) return []
      const row = proposed(open, outcomeOf(cast, record, open))
      const keys = keysKnowing(purse, row)
      const made = centers.run(book, START_MS, propose(crypto, keys, row)).book
      const { book: after } = centers.run(made, START_MS, confirm(crypto, keys, 'Kato', { capture: undefined }))
      const says = `Two people decide that ${open.kind} ${open.epoch}.${open.number} was ${row.facts.outcome}`
      return after === book ? [] : [{ next: [record, after], sends: [], fair: true, says }]
    },
  })
}

/** What the chip has done with it, also what its ring has forgotten. */
function outcomeOf(cast: Cast, record: number, open: OperationRow): string {
  const done = cast.chips.facts(record).operations.find(one => comparePlaces(one, open) === 0)
  if (done === undefined || done.digest !== hex(open.digest)) return 'none'
  return done.outcome === 'applied' || done.outcome === 'reversed' ? done.outcome : 'none'
}

function proposed(
  open: OperationRow,
  outcome: string,
): Omit<ProposalRow, 'at' | 'stage' | 'endedBy' | 'endedAt'> & { facts: { outcome: string } } {
  const { purse, epoch, number } = open
  const decision = outcome === 'applied' ? 'commit' : 'void'
  return {
    proposal: PROPOSAL,
    what: 'operation',
    about: { purse, epoch, number },
    facts: { outcome, decision },
    reason: 'The ring does not reach it',
    proposedBy: 'Sato',
  }
}
