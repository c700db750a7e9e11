/** The archive over a book in memory, for simulations and tests. */
import type { Archive, PurseFile, StoreFile, TakenClaims } from '@kozeni/center/archive'
import type { MemoryBook } from '@kozeni/center/book-memory'
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
      for (const purse of all('purse')) {
        const mine = <R extends { readonly purse: string }>(rows: readonly R[]): R[] =>
          rows.filter(row => row.purse === purse.purse)
        const file: PurseFile = {
          purse,
          operations: mine(all('operation')),
          loads: mine(all('load')),
          orders: mine(all('order')),
          moves: all('move').filter(({ from, to }) => from === purse.purse || to === purse.purse),
          receipts: mine(all('receipt')),
          returns: mine(all('return')),
          lost: 0,
          numbers: mine(all('number')),
          found: mine(all('found')),
          entries: all('entry').filter(entry => entry.subject === purse.purse),
          claims: claims.filter(claim => claim.subject === purse.purse),
        }
        yield file
      }
    },
    async *batches() {
      for (const [i, receipts] of book.batches.entries()) {
        const batch = BigInt(i + 1)
        const isMine = (row: EntryName): boolean => isOfBatch(row) && row.first === batch
        yield { batch, receipts, broken: 0, entries: all('entry').filter(isMine), claims: claims.filter(isMine) }
      }
    },
    async *stores() {
      for (const store of all('store')) {
        const file: StoreFile = {
          store,
          settlements: all('settlement').filter(row => row.store === store.store),
          taken: takenOf(claims.filter(claim => claim.store === store.store)),
          entries: all('entry').filter(entry => entry.subject === store.store && !isOfBatch(entry)),
        }
        yield file
      }
    },
    async *strays() {
      const known = new Set<string>([...tables.purse.keys(), ...tables.store.keys()])
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
