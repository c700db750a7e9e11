/**
 * The designs of PROTOCOL §9 that look right and are not, each made from the product by putting another part in. The judges
 * know none of them: whoever finds one out finds out real defects of that kind.
 */
import { compilePurse, type Patch } from '@kozeni/program/compile-node'
import type { Design } from './design.ts'

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

export const WEAKENINGS: readonly Weakening[] = [
  {
    number: 1,
    name: 'flags only, no number',
    wrong: 'lost RESULT → resent → credited twice',
    scenario: 'load',
    make: program(
      instead('operation.ts', 'place === head.place &&', 'false &&'),
      instead('operation.ts', 'place <= head.place', 'place < head.place'),
    ),
  },
  {
    number: 7,
    name: 'value and record in two writes',
    wrong: 'tear → double credit',
    scenario: 'load',
    make: program(instead('operation.ts', '  remember()', '  writeHead(); remember()')),
  },
  {
    number: 9,
    name: 'off-line terminal clears the flag',
    wrong: 'double credit',
    scenario: 'load-and-till',
    make: program(instead('debit.ts', '  head.seq++', '  head.seq++; head.flag = false')),
  },
  {
    number: 11,
    name: 'provider refund not idempotent',
    wrong: 'refunded twice',
    scenario: 'load',
    make: async product => ({ ...product, giveBack: times => times + 1 }),
  },
  {
    number: 16,
    name: 'cancel undoes an applied load',
    wrong: 'holder loses',
    scenario: 'load',
    make: program(instead('operation.ts', 'head.kind === Kind.PAY && ', '')),
  },
  {
    number: 22,
    name: 'DEBIT not bound to seq',
    wrong: 'an old request debits again after the ring has moved on',
    scenario: 'two-tills',
    make: program(instead('debit.ts', 'if (seq() !== head.seq) return refuse(MOVED_ON)', '')),
  },
  {
    number: 24,
    name: 'command blocked by an unconfirmed flag (no prev)',
    wrong: 'an order stuck for ever',
    scenario: 'pay',
    make: program(instead('operation.ts', 'head.flag && head.place > prev', 'head.flag')),
  },
]
