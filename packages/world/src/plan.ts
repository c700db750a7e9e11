/** How large one world is, and how its people live, drawn from its seed. */
import { drawFaults, type Faults } from './faults.ts'
import type { Habits } from './holder.ts'
import type { QuickDice } from './quick-dice.ts'

export interface Plan {
  /** Chips that are purses when the world begins, and blank ones beside them. */
  readonly citizens: number
  readonly blank: number
  readonly tills: number
  readonly shops: number
  readonly centers: number
  /** What each holder does, and how long they pause about. */
  readonly rounds: number
  readonly pauseMs: number
  readonly habits: Habits
  readonly moverEveryMs: number
  readonly faults: Faults
}

/** So many things are done in a world: more in one with a thousand chips, fewer where there are few to do them. */
const ROUNDS = 2_600
const ROUNDS_EACH = { from: 10, to: 400 }

/** Every hundredth world has a thousand chips. */
export function drawPlan(seed: number, dice: QuickDice): Plan {
  const chips = seed % 100 === 0 ? 1_000 : dice.spread(3, 120)
  const blank = Math.min(chips - 1, dice.between(4, 5))
  const rounds = Math.min(ROUNDS_EACH.to, Math.max(ROUNDS_EACH.from, Math.ceil(ROUNDS / chips)))
  const pauseMs = dice.spread(60_000, 4 * 3_600_000)
  return {
    citizens: chips - blank,
    blank,
    tills: Math.min(60, dice.spread(1, Math.max(2, chips / 2))),
    shops: dice.between(1, 5),
    centers: dice.between(1, 4),
    rounds,
    pauseMs,
    habits: drawHabits(dice),
    moverEveryMs: Math.max(5_000, Math.round((rounds * pauseMs) / 2_000)),
    faults: drawFaults(seed),
  }
}

const drawHabits = (dice: QuickDice): Habits => ({
  load: dice.between(1, 4),
  pay: dice.between(0, 8),
  tap: dice.between(1, 16),
  contact: dice.part(),
  cancel: dice.part() / 2,
  bring: dice.part() / 2,
  old: dice.part(),
  renew: dice.part() / 8,
})
