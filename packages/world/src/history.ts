/**
 * What has happened in one world: a running hash of it (INV-DET), counts for the report, and, when somebody wants to read
 * it, the lines themselves.
 */
import { hex, utf8 } from '@kozeni/base/bytes'
import type { Crypto } from '@kozeni/protocol/crypto'

/** How often each of some names was counted. */
export type Counts = Readonly<Record<string, number>>

/** How many of a kind were begun, and how many came to their good end. */
export interface Success {
  readonly begun: number
  readonly done: number
}

const CHUNK = 16_384

export class History {
  readonly #crypto: Crypto
  readonly #lines: string[] | undefined
  readonly #faults = new Map<string, number>()
  readonly #recoveries = new Map<string, number>()
  readonly #tries = new Map<string, { begun: number; done: number }>()
  #hash = ''
  #unhashed = ''

  /** @param keep  whether the lines are to be read afterwards */
  constructor(crypto: Crypto, keep: boolean) {
    this.#crypto = crypto
    this.#lines = keep ? [] : undefined
  }

  /** Something happened. @param about  whose story it belongs to */
  note(at: number, about: string, what: string): void {
    this.#unhashed += `${at} ${about} ${what}\n`
    if (this.#unhashed.length > CHUNK) this.#hashAll()
    this.#lines?.push(`${new Date(at).toISOString()} ${about} ${what}`)
  }

  /** A fault was injected. */
  fault(name: string): void {
    count(this.#faults, name)
  }

  /** A row of PROTOCOL §3 was taken. */
  recovery(row: string): void {
    count(this.#recoveries, row)
  }

  /** One more of this kind is begun; call what comes back when it has come to its good end. */
  begun(kind: string): () => void {
    const tries = this.#tries.get(kind) ?? { begun: 0, done: 0 }
    this.#tries.set(kind, tries)
    tries.begun += 1
    return () => {
      tries.done += 1
    }
  }

  get hash(): string {
    this.#hashAll()
    return this.#hash
  }

  get faults(): Counts {
    return sorted(this.#faults)
  }

  get recoveries(): Counts {
    return sorted(this.#recoveries)
  }

  get tries(): Readonly<Record<string, Success>> {
    return sorted(this.#tries)
  }

  /** The lines in which any of these, or an identifier in its name, is named, when they were kept. */
  linesAbout(subjects: readonly string[]): readonly string[] {
    const named = subjects.flatMap(subject => [subject, ...(subject.match(/[0-9a-f]{16}/g) ?? [])])
    return (this.#lines ?? []).filter(line => named.some(name => line.includes(name)))
  }

  #hashAll(): void {
    this.#hash = hex(this.#crypto.sha256(utf8(this.#hash + this.#unhashed)))
    this.#unhashed = ''
  }
}

const count = (counts: Map<string, number>, name: string): void => {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

const sorted = <T>(map: ReadonlyMap<string, T>): Readonly<Record<string, T>> =>
  Object.fromEntries([...map].toSorted(([a], [b]) => (a < b ? -1 : 1)))
