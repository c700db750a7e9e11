/** The last full outcome of every layer, kept in docs/proof.json, and the page that is made of them, docs/proof.md. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { fill } from './box.ts'
import type { Outcome } from './launch.ts'
import type { Layer } from './layer.ts'
import { details, table } from './page.ts'

/** By the layer's name. */
export type Outcomes = Readonly<Record<string, Outcome>>

const inDocs = (name: string): string => fileURLToPath(new URL(`../../../docs/${name}`, import.meta.url))
const RECORD = inDocs('proof.json')
const PAGE = inDocs('proof.md')

const kept = (): Outcomes => (existsSync(RECORD) ? (JSON.parse(readFileSync(RECORD, 'utf8')) as Outcomes) : {})

/** Puts one layer's outcome in the place of the one before, and makes the page again; the others stay as they were. */
export function keep(layers: readonly Layer[], name: string, outcome: Outcome): void {
  const outcomes = { ...kept(), [name]: outcome }
  writeFileSync(RECORD, `${JSON.stringify(outcomes, undefined, 2)}\n`)
  fill(PAGE, 'table', table(layers, outcomes))
  fill(PAGE, 'layers', details(layers, outcomes))
}
