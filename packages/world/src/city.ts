/** What all who live in one world share: its time, its faults, its history, the issuer's keys and the center. */
import type { Bytes } from '@kozeni/base/bytes'
import type { Clock } from '@kozeni/base/clock'
import type { PurseId, TerminalId } from '@kozeni/base/ids'
import type { Result } from '@kozeni/base/result'
import type { MemoryBook } from '@kozeni/center/book-memory'
import type { Policy } from '@kozeni/center/policy'
import type { MemoryVault } from '@kozeni/center/vault-memory'
import type { Crypto } from '@kozeni/protocol/crypto'
import type { Refusal } from '@kozeni/protocol/refusal'
import type { Faults } from './faults.ts'
import type { History } from './history.ts'
import { QuickDice } from './quick-dice.ts'
import type { Recoveries } from './recovery.ts'
import type { Routes } from './routes.ts'
import type { Timeline } from './timeline.ts'
import type { Watch } from './watch.ts'

/** The issuer: the same one in every world, so that what it has prepared once can be used in all of them. */
export interface Issuer {
  readonly crypto: Crypto
  /** Its vault as it was at the beginning, by this clock. */
  readonly vaultBy: (clock: Clock) => MemoryVault
  readonly policy: Policy
  /** The purse program as it is delivered. */
  readonly module: Bytes
}

/** One request, as whichever center it reaches carries it out. */
export type Request<T> = (center: Routes) => Promise<Result<T, Refusal>>

/** How everybody reaches the center. */
export interface Network {
  /** @refuses center-unreachable, whatever became of the request · what the center refuses */
  ask<T>(who: string, request: Request<T>): Promise<Result<T, Refusal>>
  /** As ask, again where that can help; never for ever. */
  insist<T>(who: string, request: Request<T>): Promise<Result<T, Refusal>>
}

export interface City extends Issuer {
  readonly seed: number
  readonly vault: MemoryVault
  readonly timeline: Timeline
  /** Falls still when the world is to heal. */
  faults: Faults
  readonly history: History
  /** Purses whose chips were copied or rolled back: nothing they say is believed any more, by nobody. */
  readonly suspects: Set<PurseId>
  /** Tills whose disks were put back: what they say of the order of things is not believed. */
  readonly doubtedTills: Set<TerminalId>
  /** Sees what each command has written. */
  readonly watch: Watch
  readonly recoveries: Recoveries
  readonly book: MemoryBook
  readonly network: Network
}

/** Dice of somebody's own. */
export const diceOf = ({ seed }: Pick<City, 'seed'>, name: string): QuickDice => new QuickDice(seed, name)

/** Whether this fault strikes now; counted if so. */
export function strikes({ faults, history }: City, dice: QuickDice, fault: keyof Faults): boolean {
  const struck = dice.chance(faults[fault])
  if (struck) history.fault(fault)
  return struck
}

/** By how much somebody's clock is wrong, for as long as clocks are; counted if so. @returns milliseconds ahead */
export function wrongBy(city: City, dice: QuickDice, fault: 'clockWrongMs' | 'centerClockWrongMs'): () => number {
  const aheadMs = dice.pick([-1, 1]) * city.faults[fault] * dice.part() ** 3
  if (aheadMs !== 0) city.history.fault(fault)
  return () => (city.faults[fault] === 0 ? 0 : aheadMs)
}
