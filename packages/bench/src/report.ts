/** What one run of the bench has found: data, for the table, the page and whoever reads the JSON. */
import type { Row } from './measure.ts'

export interface Target {
  readonly says: string
  readonly wanted: number
  readonly found: number
  readonly reached: boolean
}

export interface Decade {
  readonly purses: number
  readonly receipts: number
  readonly collected: Row
  readonly paid: Row
  /** Bytes, by table: with its indexes. */
  readonly sizes: Readonly<Record<string, number>>
}

export interface Report {
  readonly at: string
  readonly rows: readonly Row[]
  readonly decades: readonly Decade[]
  readonly plans: Readonly<Record<string, readonly string[]>>
  readonly audited: { readonly receipts: number; readonly seconds: number; readonly heapMegabytes: number }
  readonly targets: readonly Target[]
}
