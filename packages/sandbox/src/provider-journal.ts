/**
 * The port to the provider's memory: entries go in at the end and come back in order. An entry is kept whole or not at
 * all, and it is durable when `append` returns.
 */
import type { Write } from './provider-state.ts'

export type Entry = readonly Write[]

export interface Journal {
  /** Every entry so far, the oldest first. */
  entries(): readonly Entry[]
  append(entry: Entry): void
  close(): void
}

/** A journal that lasts as long as its process. For simulations and tests. */
export function memoryJournal(): Journal {
  const lines: string[] = []
  return {
    entries: () => lines.map(readEntry),
    append: entry => void lines.push(writeEntry(entry)),
    close: () => {},
  }
}

/** One entry is one line: JSON has no line breaks of its own. */
export const writeEntry = (entry: Entry): string => JSON.stringify(entry)

/** The gate for what `writeEntry` wrote; the journal has no other author. */
export const readEntry = (line: string): Entry => JSON.parse(line) as Entry
