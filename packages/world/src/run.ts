/** Many worlds, one after the other, and what they come to together: plain JSON, for a page and for a screen. */

import { defaultPolicy, type Policy } from '@kozeni/center/policy'
import type { Crypto } from '@kozeni/protocol/crypto'
import type { Issuer } from './city.ts'
import type { Counts, Success } from './history.ts'
import { Nursery } from './nursery.ts'
import { QuickVault } from './vault-quick.ts'
import type { Complaint } from './watch.ts'
import { live, type Verdict } from './world.ts'

/** What many worlds came to. */
export interface Summary {
  readonly seeds: number
  /** Worlds with a thousand chips or more. */
  readonly large: number
  readonly chips: number
  /** Full installations, the prepared chips among them. */
  readonly installed: number
  /** Money operations: numbered operations closed, receipts booked. */
  readonly operations: number
  readonly byKind: Counts
  readonly tries: Readonly<Record<string, Success>>
  readonly faults: Counts
  readonly recoveries: Counts
  readonly longestHealingMs: number
  readonly cpuSeconds: number
  readonly failed: readonly Failed[]
}

/** A world in which something was wrong. */
export interface Failed {
  readonly seed: number
  readonly complaints: readonly Complaint[]
}

export const NO_WORLDS: Summary = {
  seeds: 0,
  large: 0,
  chips: 0,
  installed: 0,
  operations: 0,
  byKind: {},
  tries: {},
  faults: {},
  recoveries: {},
  longestHealingMs: 0,
  cpuSeconds: 0,
  failed: [],
}

/** An issuer whose receipts are settled for good, and whose mail is for few, within the life of a world. */
const policy: Policy = { ...defaultPolicy, keepSettledMs: 3_600_000, mailPurses: 10 }

/** Whoever lives through worlds, one at a time, with chips that are prepared once. */
export class Runner {
  readonly #issuer: Issuer
  readonly #nursery: Nursery

  /** @param module  the purse program, real or weakened */
  constructor(crypto: Crypto, module: Issuer['module']) {
    // the same keys in every world, until they are rotated there
    const vaultBy: Issuer['vaultBy'] = clock => new QuickVault(crypto, 1, clock)
    this.#issuer = { crypto, vaultBy, policy, module }
    this.#nursery = new Nursery(this.#issuer)
  }

  /** One world. @param story  whether its lines are kept */
  live(seed: number, story = false): Promise<Verdict> {
    return live(this.#issuer, this.#nursery, seed, story)
  }

  /** One world as a summary; prepared chips are counted where they were made. */
  async summary(seed: number): Promise<Summary> {
    const [cpu, prepared] = [process.cpuUsage(), this.#nursery.installed]
    const verdict = await this.live(seed)
    const { user, system } = process.cpuUsage(cpu)
    return summaryOf(verdict, this.#nursery.installed - prepared, (user + system) / 1_000_000)
  }
}

function summaryOf(verdict: Verdict, prepared: number, cpuSeconds: number): Summary {
  const { seed, complaints, chips, installed, operations, tries, faults, recoveries, healingMs } = verdict
  return {
    seeds: 1,
    large: chips >= 1_000 ? 1 : 0,
    chips,
    installed: installed + prepared,
    operations: Object.values(operations).reduce((sum, count) => sum + count, 0),
    byKind: operations,
    tries,
    faults,
    recoveries,
    longestHealingMs: healingMs,
    cpuSeconds,
    failed: complaints.length === 0 ? [] : [{ seed, complaints }],
  }
}

/** Both together. */
export const together = (a: Summary, b: Summary): Summary => ({
  seeds: a.seeds + b.seeds,
  large: a.large + b.large,
  chips: a.chips + b.chips,
  installed: a.installed + b.installed,
  operations: a.operations + b.operations,
  byKind: merged(a.byKind, b.byKind, plus, 0),
  tries: merged(a.tries, b.tries, (x, y) => ({ begun: x.begun + y.begun, done: x.done + y.done }), {
    begun: 0,
    done: 0,
  }),
  faults: merged(a.faults, b.faults, plus, 0),
  recoveries: merged(a.recoveries, b.recoveries, plus, 0),
  longestHealingMs: Math.max(a.longestHealingMs, b.longestHealingMs),
  cpuSeconds: a.cpuSeconds + b.cpuSeconds,
  failed: [...a.failed, ...b.failed],
})

const plus = (a: number, b: number): number => a + b

function merged<T>(
  a: Readonly<Record<string, T>>,
  b: Readonly<Record<string, T>>,
  add: (x: T, y: T) => T,
  none: T,
): Readonly<Record<string, T>> {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort()
  return Object.fromEntries(names.map(name => [name, add(a[name] ?? none, b[name] ?? none)]))
}
