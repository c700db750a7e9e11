/** A book that lasts as long as its process: for tests, and for trying things out. Never for a store that sells. */
import type { Book } from './book.ts'
import { LogBook } from './book-log.ts'

/** An empty book. */
export const memoryBook = (): Book =>
  new LogBook({ append: () => {}, settled: async () => {}, close: async () => {} }, [])
