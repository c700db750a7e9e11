/** A town's center as it is put together: its book and views, in memory or elsewhere, and what its server answers. */
import type { Clock } from '@kozeni/base/clock'
import type { Archive } from '@kozeni/center/archive'
import type { Book } from '@kozeni/center/book'
import { MemoryBook } from '@kozeni/center/book-memory'
import type { Means } from '@kozeni/center/contact'
import { noFunding } from '@kozeni/center/funding'
import { Hotlists } from '@kozeni/center/hotlist'
import { contactHandlers } from '@kozeni/center/server-contacts'
import { storeHandlers } from '@kozeni/center/server-stores'
import { terminalHandlers } from '@kozeni/center/server-terminals'
import type { Views } from '@kozeni/center/views'
import { MemoryViews } from '@kozeni/center/views-memory'
import { memoryArchive } from './archive-memory.ts'

/** Where a town's center keeps what it remembers. */
export interface Office<B extends Book> {
  readonly book: B
  readonly views: Views
  /** Opens the whole book, as it stands. */
  read<A>(work: (archive: Archive) => Promise<A>): Promise<A>
}

/** All of it in memory. */
export function memoryOffice(clock: Clock): Office<MemoryBook> {
  const book = new MemoryBook(clock)
  return { book, views: new MemoryViews(book), read: work => work(memoryArchive(book)) }
}

/** What the center's server says to stores and tills that it has let in. */
export function answersOf(means: Means, views: Views) {
  const hotlists = new Hotlists({ ...means, views })
  const center = { ...means, views, hotlists, funding: noFunding, operators: [], log: () => {} }
  return { ...storeHandlers(center), ...terminalHandlers(center), ...contactHandlers(center) }
}
