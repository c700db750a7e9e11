/** What one run of the bench has found: data, for the table, the page and whoever reads the JSON. */
import type { Row } from './measure.ts'
import type { Spent } from './profile.ts'

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
  /** What a book of ten thousand did in turns with it. */
  readonly small: Pick<Decade, 'collected' | 'paid'>
  /** Bytes, by table: with its indexes. */
  readonly sizes: Readonly<Record<string, number>>
}

export interface Audited {
  readonly receipts: number
  readonly purses: number
  /** None in a sound book. */
  readonly findings: number
  /** The first of them. */
  readonly first: string
  readonly seconds: number
  readonly heapMegabytes: number
  /** Processor seconds: of all the auditor's threads, and of PostgreSQL. */
  readonly centerCpu: number
  readonly databaseCpu: number
}

export interface Report {
  readonly at: string
  readonly size: 'quick' | 'full'
  readonly machine: { readonly processors: number; readonly model: string }
  readonly rows: readonly Row[]
  /** By the work, the functions that took most of this process's time. */
  readonly profiles: Readonly<Record<string, readonly Spent[]>>
  readonly decades: readonly Decade[]
  readonly plans: Readonly<Record<string, readonly string[]>>
  readonly audited: Audited
  readonly targets: readonly Target[]
}
