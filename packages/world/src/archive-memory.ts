/** The archive over a book in memory, for simulations and tests. */
import type { Archive, PurseFile, StoreFile } from '@kozeni/center/archive'
import type { MemoryBook } from '@kozeni/center/book-memory'

/** Every file of the book as it stands when it is asked for. */
export function memoryArchive(book: MemoryBook): Archive {
  const { tables } = book
  const all = <K extends keyof typeof tables>(kind: K) => [...tables[kind].values()]
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
          receipts: mine(all('receipt')),
          numbers: mine(all('number')),
          entries: all('entry').filter(entry => entry.subject === purse.purse),
        }
        yield file
      }
    },
    async *stores() {
      for (const store of all('store')) {
        const file: StoreFile = {
          store,
          settlements: all('settlement').filter(row => row.store === store.store),
          entries: all('entry').filter(entry => entry.subject === store.store),
        }
        yield file
      }
    },
    async *strays() {
      const known = new Set<string>([...tables.purse.keys(), ...tables.store.keys()])
      for (const entry of all('entry')) if (!known.has(entry.subject)) yield entry
    },
  }
}
