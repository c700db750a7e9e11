/**
 * What goes wrong in one world, as data drawn from its seed: which faults there are at all, and how bad they are. Numbers
 * are probabilities unless their names have a unit. Whoever can fail asks here; nobody decides for himself.
 */
import { QuickDice } from './quick-dice.ts'

export interface Faults {
  readonly requestLost: number
  readonly answerLost: number
  readonly requestTwice: number
  /** It arrives when its sender has long given up; up to `latestMs` later. */
  readonly requestLate: number
  readonly latestMs: number
  /** A party falls out of the network, for up to `cutOffMs`. */
  readonly cutOff: number
  readonly cutOffMs: number
  /** Between a chip and whoever carries bytes to it. */
  readonly commandLost: number
  readonly responseLost: number
  /** Power goes in a write of the chip. */
  readonly tear: number
  /** An old message is brought to a chip again. */
  readonly oldMessage: number
  readonly centerDiesBeforeCommit: number
  readonly centerDiesAfterCommit: number
  readonly moverDies: number
  readonly storeDies: number
  /** The terminal's power goes at a write of its journal. */
  readonly terminalDies: number
  readonly diskFull: number
  /** The provider takes the money and says nothing. */
  readonly captureUnsaid: number
  readonly captureDeclined: number
  /** It gives the money back and says nothing. */
  readonly giveBackUnsaid: number
  readonly noticeTwice: number
  readonly noticeLate: number
  readonly noticeNever: number
  /** How far the clocks of tills, stores and phones may be wrong. */
  readonly clockWrongMs: number
  /** How far the clocks of the center's processes may be wrong; the book has its own. */
  readonly centerClockWrongMs: number
  /** A clock is put forward or back by an hour, as when summer time begins or ends. */
  readonly clockJumps: number
  /** At each of a thief's tries. */
  readonly alteredReceipt: number
  readonly alteredOffer: number
  readonly clonedChip: number
  readonly rolledBackChip: number
  /** A telephone is gone for good, with its chip, and its holder says so. */
  readonly purseLost: number
  /** An operator blocks many purses at once, and lets them go a little later. */
  readonly blockedInBursts: number
  /** A further version of the purses' keys is made, while everything goes on. */
  readonly keysRotated: number
  /** A till is gone; whoever has it takes money with it for as long as it sells, and its store says so later. */
  readonly tillStolen: number
  /** A till's disk is put back to what it was some time ago. */
  readonly tillRolledBack: number
  /** Of an upload only a part arrives, and nobody hears what became of it. */
  readonly halfBatch: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** A world in which nothing goes wrong. */
export const NO_FAULTS: Faults = {
  requestLost: 0,
  answerLost: 0,
  requestTwice: 0,
  requestLate: 0,
  latestMs: 0,
  cutOff: 0,
  cutOffMs: 0,
  commandLost: 0,
  responseLost: 0,
  tear: 0,
  oldMessage: 0,
  centerDiesBeforeCommit: 0,
  centerDiesAfterCommit: 0,
  moverDies: 0,
  storeDies: 0,
  terminalDies: 0,
  diskFull: 0,
  captureUnsaid: 0,
  captureDeclined: 0,
  giveBackUnsaid: 0,
  noticeTwice: 0,
  noticeLate: 0,
  noticeNever: 0,
  clockWrongMs: 0,
  centerClockWrongMs: 0,
  clockJumps: 0,
  alteredReceipt: 0,
  alteredOffer: 0,
  clonedChip: 0,
  rolledBackChip: 0,
  purseLost: 0,
  blockedInBursts: 0,
  keysRotated: 0,
  tillStolen: 0,
  tillRolledBack: 0,
  halfBatch: 0,
}

/** The most that each may be. */
const MOST: Faults = {
  requestLost: 0.15,
  answerLost: 0.15,
  requestTwice: 0.5,
  requestLate: 0.1,
  latestMs: 30 * DAY_MS,
  cutOff: 0.02,
  cutOffMs: 2 * DAY_MS,
  commandLost: 0.03,
  responseLost: 0.03,
  tear: 0.2,
  oldMessage: 0.3,
  centerDiesBeforeCommit: 0.02,
  centerDiesAfterCommit: 0.02,
  moverDies: 0.1,
  storeDies: 0.05,
  terminalDies: 0.03,
  diskFull: 0.01,
  captureUnsaid: 0.3,
  captureDeclined: 0.2,
  giveBackUnsaid: 0.5,
  noticeTwice: 0.5,
  noticeLate: 0.5,
  noticeNever: 0.5,
  clockWrongMs: HOUR_MS,
  centerClockWrongMs: HOUR_MS,
  clockJumps: 0.05,
  alteredReceipt: 1,
  alteredOffer: 0.5,
  clonedChip: 0.05,
  rolledBackChip: 0.05,
  purseLost: 0.3,
  blockedInBursts: 0.3,
  keysRotated: 0.3,
  tillStolen: 0.2,
  tillRolledBack: 0.02,
  halfBatch: 0.2,
}

/** Swarm: about half of all faults exist in a world, each in a strength of its own, whatever others there are. */
export function drawFaults(seed: number): Faults {
  const names = Object.keys(MOST) as Array<keyof Faults>
  return { ...NO_FAULTS, ...Object.fromEntries(names.map(name => [name, strengthOf(seed, name)])) }
}

function strengthOf(seed: number, name: keyof Faults): number {
  const dice = new QuickDice(seed, `fault ${name}`)
  return dice.chance(0.5) ? MOST[name] * dice.part() : 0
}
