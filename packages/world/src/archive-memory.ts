/** The archive over a book in memory, for simulations and tests. */
import {
  type Archive,
  type ProposalFile,
  type PurseFile,
  readRow,
  type StoreFile,
  type TakenClaims,
} from '@kozeni/center/archive'
import type { PurseRow } from '@kozeni/center/book'
import type { MemoryBook, MemoryTables } from '@kozeni/center/book-memory'
import type { SettlementRow } from '@kozeni/center/book-settlement'
import { type ClaimRow, claimOf, NO_SUMS, withClaim } from '@kozeni/center/book-writes'
import { type Entry, type EntryName, isOfBatch } from '@kozeni/ledger/entry'

/** Every file of the book as it stands when it is asked for. */
export function memoryArchive(book: MemoryBook): Archive {
  const { tables } = book
  const all = <K extends keyof typeof tables>(kind: K) => [...tables[kind].values()]
  const claims = claimsOf(all('entry'), all('settlement'))
  return {
    async *purses() {
      const fileOf = filesOf(tables, claims)
      for (const purse of all('purse')) yield fileOf(purse)
    },
    async *batches() {
      const ofBatch = <R extends EntryName>(rows: readonly R[]) => grouped(rows.filter(isOfBatch), ({ first }) => first)
      const [entries, mine] = [ofBatch(all('entry')), ofBatch(claims)]
      for (const [i, receipts] of book.batches.entries()) {
        const batch = BigInt(i + 1)
        yield { batch, sums: receipts, broken: 0, entries: entries(batch), claims: mine(batch) }
      }
    },
    proposals: () => proposalsOf(tables),
    stores: () => storesOf(tables, claims),
    async *strays() {
      const known = new Set<string>([...tables.purse.keys(), ...tables.store.keys(), ...tables.proposal.keys()])
      for (const entry of all('entry')) if (!known.has(entry.subject)) yield entry
    },
    async *strayClaims() {
      for (const claim of claims) if (!tables.purse.has(claim.subject) && !isOfBatch(claim)) yield claim
    },
    async *strayReceipts() {
      for (const row of all('receipt')) if (!tables.purse.has(row.purse)) yield row
    },
    async *seals() {}, // what is gone with its process is not sealed
  }
}

/** Makes each purse’s file of the book as it stands. */
function filesOf(tables: MemoryBook['tables'], claims: readonly ClaimRow[]): (purse: PurseRow) => PurseFile {
  const all = <K extends keyof typeof tables>(kind: K) => [...tables[kind].values()]
  const byPurse = <
    K extends 'operation' | 'load' | 'order' | 'receipt' | 'loss' | 'hold' | 'return' | 'number' | 'found',
  >(
    kind: K,
  ) => grouped(all(kind), ({ purse }) => purse)
  const [operations, loads, orders, receipts] = [
    byPurse('operation'),
    byPurse('load'),
    byPurse('order'),
    byPurse('receipt'),
  ]
  const [losses, returns, numbers, found] = [byPurse('loss'), byPurse('return'), byPurse('number'), byPurse('found')]
  const holds = byPurse('hold')
  const proposals = grouped(all('proposal'), ({ about }) => about?.purse)
  const [entries, mine] = [grouped(all('entry'), subjectOf), grouped(claims, subjectOf)]
  return purse => ({
    purse,
    operations: operations(purse.purse),
    loads: loads(purse.purse),
    orders: orders(purse.purse),
    moves: all('move').filter(({ from, to }) => from === purse.purse || to === purse.purse),
    receipts: receipts(purse.purse).map(readRow),
    returns: returns(purse.purse),
    losses: losses(purse.purse),
    holds: holds(purse.purse),
    lost: 0,
    numbers: numbers(purse.purse),
    found: found(purse.purse),
    proposals: proposals(purse.purse),
    entries: entries(purse.purse),
    claims: mine(purse.purse),
  })
}

const subjectOf = ({ subject }: EntryName): string => subject

/** The rows by what they are about, found in one pass. */
function grouped<R, K>(rows: readonly R[], about: (row: R) => K): (name: K) => R[] {
  const groups = Map.groupBy(rows, about)
  return name => groups.get(name) ?? []
}

async function* proposalsOf({ proposal: proposals, entry }: MemoryTables): AsyncGenerator<ProposalFile> {
  for (const proposal of proposals.values())
    yield { proposal, entries: [...entry.values()].filter(({ subject }) => subject === proposal.proposal) }
}

async function* storesOf(
  { store: stores, settlement, entry }: MemoryTables,
  claims: readonly ClaimRow[],
): AsyncGenerator<StoreFile> {
  for (const store of stores.values())
    yield {
      store,
      settlements: [...settlement.values()].filter(row => row.store === store.store),
      taken: takenOf(claims.filter(claim => claim.store === store.store)),
      entries: [...entry.values()].filter(row => row.subject === store.store && !isOfBatch(row)),
    }
}

/** In memory a claim is what its entry says; the first window that ends after it has taken it. */
function claimsOf(entries: readonly Entry[], settlements: readonly SettlementRow[]): ClaimRow[] {
  const windows = settlements.toSorted((a, b) => a.window - b.window)
  return entries.flatMap(entry => {
    const claim = claimOf(entry)
    if (claim === undefined) return []
    const window = windows.find(({ store, until }) => store === claim.store && entry.at < until)?.window ?? 0
    return [{ ...entry, ...claim, window }]
  })
}

const takenOf = (claims: readonly ClaimRow[]): TakenClaims[] =>
  [...Map.groupBy(claims, ({ window }) => window)].map(([window, taken]) => ({
    window,
    ...taken.reduce(withClaim, NO_SUMS),
  }))
