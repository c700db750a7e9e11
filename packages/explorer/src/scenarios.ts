/** What is explored. Each scenario is a world of its own; no state is counted twice within one. */
import { type Plot, quiet } from './plot.ts'

const till = { sales: [1n], voids: false, withholds: false, losable: false }

/** Every scenario, the smallest first. */
export const SCENARIOS: readonly Plot[] = [
  {
    ...quiet,
    name: 'load',
    about: 'A load of 2, that its holder may cancel at any moment.',
    loads: [2n],
    cancels: true,
  },
  {
    ...quiet,
    name: 'pay',
    about: 'A load of 2 and a pay of 2, whose session may end at any moment.',
    loads: [2n],
    pays: [{ amount: 2n, by: 0 }],
    ticks: 1,
  },
  {
    ...quiet,
    name: 'till',
    about: 'A sale at a till that works alone, voided or not; the till may be lost.',
    terminals: [{ ...till, voids: true, losable: true }],
  },
  {
    ...quiet,
    name: 'load-and-till',
    about: 'A load of 2 beside two sales at a till that works alone and may be lost.',
    loads: [2n],
    terminals: [{ ...till, sales: [1n, 1n], voids: true, losable: true }],
  },
  {
    ...quiet,
    name: 'two-tills',
    about: 'A load of 2 beside sales at two tills that work alone, one of which may be lost.',
    loads: [2n],
    terminals: [till, { ...till, losable: true }],
  },
  {
    ...quiet,
    name: 'maximum',
    about: 'A load that the chip has no room for, beside a pay that makes room; the session may end.',
    loads: [2n],
    pays: [{ amount: 1n, by: 0 }],
    maximum: 4n,
    ticks: 1,
  },
  {
    ...quiet,
    name: 'block',
    about: 'A load and a sale at a till, while the issuer blocks and unblocks the purse.',
    loads: [2n],
    terminals: [till],
    blocks: true,
  },
  {
    ...quiet,
    name: 'torn',
    about: 'A torn sale at a till that works alone, whose clerk may withhold the goods for good.',
    terminals: [{ ...till, withholds: true }],
  },
  {
    ...quiet,
    name: 'refused',
    about:
      'A sale of more than the chip holds beside a load that makes it enough: what was refused may be debited later.',
    loads: [2n],
    terminals: [{ ...till, sales: [4n] }],
  },
  {
    ...quiet,
    name: 'restore-load',
    about: 'A load of 2 while the center is restored from a backup of any moment.',
    loads: [2n],
    restores: 1,
  },
  {
    ...quiet,
    name: 'restore-cancel',
    about: 'A load of 2 that its holder may cancel, while the center is restored from a backup of any moment.',
    loads: [2n],
    cancels: true,
    restores: 1,
  },
  {
    ...quiet,
    name: 'restore-pay',
    about: 'A pay of 1, its store and its proofs, while the center is restored from a backup of any moment.',
    pays: [{ amount: 1n, by: 0 }],
    restores: 1,
  },
  {
    ...quiet,
    name: 'restore-session',
    about: 'The same, and the pay’s session may end.',
    pays: [{ amount: 1n, by: 0 }],
    ticks: 1,
    restores: 1,
  },
  {
    ...quiet,
    name: 'restore-both',
    about: 'A load of 2 and a pay of 1, while the center is restored from a backup of any moment.',
    loads: [2n],
    pays: [{ amount: 1n, by: 0 }],
    restores: 1,
  },
  {
    ...quiet,
    name: 'restore-pays-till',
    about: 'Two pays of 1 beside a sale at a till that works alone, while the center is restored.',
    pays: [
      { amount: 1n, by: 0 },
      { amount: 1n, by: 0 },
    ],
    terminals: [till],
    restores: 1,
  },
  {
    ...quiet,
    name: 'restore-till',
    about: 'A sale at a till that works alone while the center is restored from a backup of any moment.',
    terminals: [till],
    restores: 1,
  },
  {
    ...quiet,
    name: 'limit',
    about:
      'Three sales at a till to a chip that may make two without the center: what is acknowledged makes room again.',
    terminals: [{ ...till, sales: [1n, 1n, 1n] }],
    offlineCount: 2,
  },
  {
    ...quiet,
    name: 'refund',
    about: 'A pay of 2, of which its store orders 1 back, beside a load that may be cancelled.',
    loads: [2n],
    cancels: true,
    pays: [{ amount: 2n, by: 0 }],
    refunds: [1n],
  },
  {
    ...quiet,
    name: 'move',
    about: 'The first purse is left for the second, beside a load to the first.',
    chips: 2,
    loads: [2n],
    moves: true,
  },
  {
    ...quiet,
    name: 'lost',
    about: 'The chip is lost for ever, at any moment of a load that may be cancelled and of a pay, and is paid out.',
    loads: [2n],
    cancels: true,
    pays: [{ amount: 1n, by: 0 }],
    chipLoss: true,
  },
  {
    ...quiet,
    name: 'lost-till',
    about: 'The chip is lost for ever, at any moment of a load and of a sale at a till that works alone.',
    loads: [2n],
    terminals: [till],
    chipLoss: true,
  },
  {
    ...quiet,
    name: 'lost-restore',
    about:
      'The chip is lost for ever, and the center is restored, before or after, while a load goes on that may be cancelled.',
    loads: [2n],
    cancels: true,
    chipLoss: true,
    restores: 1,
  },
  {
    ...quiet,
    name: 'move-till',
    about: 'The first purse is left for the second, beside a sale at a till that works alone.',
    chips: 2,
    moves: true,
    terminals: [till],
  },
  {
    ...quiet,
    name: 'move-restore',
    about: 'The first purse is left for the second, while the center is restored from a backup of any moment.',
    chips: 2,
    moves: true,
    restores: 1,
  },
  {
    ...quiet,
    name: 'limit-restore',
    about:
      'Two sales at a till to a chip that may make one without the center, which is restored: acknowledged stays so.',
    terminals: [{ ...till, sales: [1n, 1n] }],
    offlineCount: 1,
    restores: 1,
  },
  {
    ...quiet,
    name: 'block-pay',
    about: 'A pay whose session may end, while the issuer blocks and unblocks the purse.',
    pays: [{ amount: 1n, by: 0 }],
    blocks: true,
    ticks: 1,
  },
  {
    ...quiet,
    name: 'lost-restore-till',
    about: 'The chip is lost for ever and the center is restored, beside a sale at a till that works alone.',
    terminals: [till],
    chipLoss: true,
    restores: 1,
  },
  {
    ...quiet,
    name: 'ring',
    about:
      'A load that may be cancelled, and eight more that follow, while the center is restored from a backup of any moment: the ring has forgotten it, people decide.',
    loads: [2n],
    cancels: true,
    elsewhere: { loads: 8, sales: 0 },
    restores: 1,
  },
  {
    ...quiet,
    name: 'till-ring',
    about:
      'A torn sale at a till, and twenty-one sales elsewhere: what the chip’s ring has forgotten is not sold again.',
    holds: 30n,
    terminals: [{ ...till, sales: [1n, 1n] }],
    elsewhere: { loads: 0, sales: 21 },
  },
  {
    ...quiet,
    name: 'settled',
    about:
      'A sale at a till that is settled for good when time has passed; the center is restored from a younger backup.',
    terminals: [till],
    ages: true,
    restores: 1,
  },
  {
    ...quiet,
    name: 'keys',
    about:
      'A load that may be cancelled and a pay, while the purse’s keys are rotated: what was said under the older version may arrive at any time.',
    loads: [2n],
    cancels: true,
    pays: [{ amount: 1n, by: 0 }],
    rotates: true,
  },
  {
    ...quiet,
    name: 'keys-till',
    about: 'A load and a sale at a till that works alone, while the purse’s keys are rotated.',
    loads: [2n],
    terminals: [till],
    rotates: true,
  },
  {
    ...quiet,
    name: 'keys-restore',
    about: 'The purse’s keys are rotated and the center is restored: the chip has shut out what its book knows.',
    rotates: true,
    restores: 1,
  },
  {
    ...quiet,
    name: 'everything',
    about:
      'A load that may be cancelled, a pay whose session may end, and two sales at a till that may void and be lost.',
    loads: [2n],
    cancels: true,
    pays: [{ amount: 1n, by: 0 }],
    terminals: [{ ...till, sales: [1n, 1n], voids: true, withholds: true, losable: true }],
    ticks: 1,
  },
  {
    ...quiet,
    name: 'two-chips',
    about: 'Two chips at one store: each pays on-line, and either may be taken from at one till.',
    chips: 2,
    pays: [
      { amount: 1n, by: 0 },
      { amount: 2n, by: 1 },
    ],
    terminals: [till],
  },
]

/** States after which a scenario is given up, by bound. */
export const LIMITS = { small: 20_000, quick: 80_000, full: 8_000_000 } as const

/** The scenario of this name. */
export const scenario = (name: string): Plot | undefined => SCENARIOS.find(one => one.name === name)
