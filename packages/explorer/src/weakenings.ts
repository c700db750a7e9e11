/**
 * The designs of PROTOCOL §9 that look right and are not, each made from the product by putting another part in. The judges
 * know none of them: whoever finds one out finds out real defects of that kind.
 */
import { compilePurse, type Patch } from '@kozeni/program/compile-node'
import type { Design } from './design.ts'
import {
  actsUnfenced,
  byBalances,
  eachUpload,
  receiptsWithoutDigest,
  sessionsByTimer,
  withoutDigest,
} from './weakened-center.ts'
import { endingByTime, voidsAnyTime } from './weakened-till.ts'

export interface Weakening {
  readonly number: number
  readonly name: string
  /** What goes wrong, by the protocol. */
  readonly wrong: string
  /** The scenario that shows it. */
  readonly scenario: string
  make(product: Design): Promise<Design>
}

/** Replaces `what` in one file of the program; a bug when it is not there. */
const instead =
  (name: string, what: string, by: string): Patch =>
  (file, text) => {
    if (file !== name) return text
    if (!text.includes(what)) throw new Error(`${name} has no "${what}"`)
    return text.replace(what, by)
  }

const program =
  (...patches: readonly Patch[]) =>
  async (product: Design): Promise<Design> => ({
    ...product,
    module: await compilePurse((file, text) => patches.reduce((patched, patch) => patch(file, patched), text)),
  })

/** Another part in the place of one of the product's. */
const part =
  (change: (product: Design) => Partial<Design>) =>
  async (product: Design): Promise<Design> => ({
    ...product,
    ...change(product),
  })

const UNNUMBERED = [
  instead('operation.ts', 'place === head.place &&', 'false &&'),
  instead('operation.ts', 'place <= head.place', 'place < head.place'),
]

/** A restored book goes on as if nothing had happened. */
const sameEpoch: Design['restored'] = book => book

export const WEAKENINGS: readonly Weakening[] = [
  {
    number: 1,
    name: 'flags only, no number',
    wrong: 'lost RESULT → resent → credited twice',
    scenario: 'load',
    make: program(...UNNUMBERED),
  },
  {
    number: 2,
    name: '(1,1) settled by comparing balances',
    wrong: 'an off-line debit hides a load',
    scenario: 'load-and-till',
    make: part(({ hear }) => ({ hear: byBalances(hear) })),
  },
  {
    number: 3,
    name: 'no number, refund on time-out',
    wrong: 'late command after the refund',
    scenario: 'load',
    make: async product => ({ ...(await program(...UNNUMBERED)(product)), givesUp: ['load'] }),
  },
  {
    number: 4,
    name: 'number, but refund without chip evidence',
    wrong: 'late command after the refund',
    scenario: 'load',
    make: part(() => ({ givesUp: ['load'] })),
  },
  {
    number: 5,
    name: 'pay voided and closed without chip evidence',
    wrong: 'late debit, flag stuck, holder loses',
    scenario: 'pay',
    make: part(() => ({ givesUp: ['pay'] })),
  },
  {
    number: 6,
    name: 'till shows "not paid" on its own time-out',
    wrong: 'holder charged, pays again in cash',
    scenario: 'till',
    make: part(({ sale }) => ({ sale: { ...sale, step: endingByTime(sale.step) } })),
  },
  {
    number: 7,
    name: 'value and record in two writes',
    wrong: 'tear → double credit',
    scenario: 'load',
    make: program(instead('operation.ts', '  remember()', '  writeHead(); remember()')),
  },
  {
    number: 8,
    name: 'uploads not unique',
    wrong: 'store paid twice',
    scenario: 'till',
    make: part(product => ({ collect: eachUpload(product.collect) })),
  },
  {
    number: 9,
    name: 'off-line terminal clears the flag',
    wrong: 'double credit',
    scenario: 'load-and-till',
    make: program(instead('debit.ts', '  head.seq++', '  head.seq++; head.flag = false')),
  },
  {
    number: 10,
    name: 'restore, same epoch, numbers reused, no digest',
    wrong: 'center commits what the chip never ran',
    scenario: 'restore-both',
    make: part(({ hear }) => ({ hear: withoutDigest(hear), restored: sameEpoch })),
  },
  {
    number: 11,
    name: 'provider refund not idempotent',
    wrong: 'refunded twice',
    scenario: 'load',
    make: part(() => ({ giveBack: times => times + 1 })),
  },
  {
    number: 12,
    name: 'restore, same epoch, with the digest only',
    wrong: 'stuck for ever, and commits a pay that was reversed',
    scenario: 'restore-session',
    make: part(() => ({ restored: sameEpoch })),
  },
  {
    number: 13,
    name: 'new epoch, chips not fenced',
    wrong: 'old load runs after its refund',
    scenario: 'restore-load',
    make: program(instead('operation.ts', '< head.epochFloor', '< 0')),
  },
  {
    number: 14,
    name: 'new epoch, stores not fenced',
    wrong: 'goods free',
    scenario: 'restore-pay',
    make: part(({ honour }) => ({ honour: (sale, _floor, decision) => honour(sale, 0, decision) })),
  },
  {
    number: 15,
    name: 'terminal deletes at first acknowledgement, then restore',
    wrong: 'a store’s receipt lost',
    scenario: 'restore-till',
    make: part(() => ({ settles: () => true })),
  },
  {
    number: 16,
    name: 'cancel undoes an applied load',
    wrong: 'holder loses',
    scenario: 'load',
    make: program(instead('operation.ts', 'head.kind === Kind.PAY && ', '')),
  },
  {
    number: 17,
    name: 'FENCE obeys the raised flag',
    wrong: 'deadlock after a restore',
    scenario: 'restore-load',
    make: program(instead('settings.ts', 'epoch === head.epochFloor', 'head.flag || epoch === head.epochFloor')),
  },
  {
    number: 18,
    name: 'evidence acted on between restore and fence',
    wrong: 'a reversed pay committed',
    scenario: 'restore-pay',
    make: part(({ hear }) => ({ hear: actsUnfenced(hear) })),
  },
  {
    number: 19,
    name: 'void allowed after upload',
    wrong: 'value created',
    scenario: 'till',
    make: part(product => ({ void: voidsAnyTime(product.void) })),
  },
  {
    number: 20,
    name: 'refund of a torn sale on the ring’s evidence alone',
    wrong: 'refund, then second tap: goods free',
    scenario: 'torn',
    make: part(() => ({
      withholds: ({ unresolved, withheld, sales }) =>
        [...unresolved, ...withheld].flatMap(sale => sales.get(sale) ?? []),
    })),
  },
  {
    number: 21,
    name: 'receipt without digest counts as evidence',
    wrong: 'center commits what the chip never ran',
    scenario: 'restore-pays-till',
    make: part(product => ({ collect: receiptsWithoutDigest(product.collect), restored: sameEpoch })),
  },
  {
    number: 22,
    name: 'DEBIT not bound to seq',
    wrong: 'an old request debits again after the ring has moved on',
    scenario: 'two-tills',
    make: program(instead('debit.ts', 'if (seq() !== head.seq) return refuse(MOVED_ON)', '')),
  },
  {
    number: 23,
    name: 'session end checked by a timer only',
    wrong: 'holder charged for a sale long over',
    scenario: 'pay',
    make: part(({ hear }) => ({ hear: sessionsByTimer(hear) })),
  },
  {
    number: 24,
    name: 'command blocked by an unconfirmed flag (no prev)',
    wrong: 'an order stuck for ever',
    scenario: 'pay',
    make: program(instead('operation.ts', 'head.flag && head.place > prev', 'head.flag')),
  },
]
