/** Random lives of the real program, and of programs weakened in their source: the first must hold, each other must not (PROTOCOL §9). */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Patch } from './compile-node.ts'
import { live, lives } from './life.contract.ts'
import { purseFrom } from './purse-from-source-node.ts'

test('whatever center, tills and power do, totals are the sum of what was told, and nothing falls or happens twice', async () => {
  const purse = await purseFrom()
  fc.assert(
    fc.property(lives, steps => {
      live(purse(), steps)
    }),
    { numRuns: 60 },
  )
})

/** Replaces `what` in one file; a bug when it is not there. */
const instead =
  (name: string, what: string, by: string): Patch =>
  (file, text) => {
    if (file !== name) return text
    if (!text.includes(what)) throw new Error(`${name} has no "${what}"`)
    return text.replace(what, by)
  }

const WEAKENED: ReadonlyArray<{ readonly name: string; readonly patches: readonly Patch[] }> = [
  {
    name: '1: the same number executes again',
    patches: [
      instead('operation.ts', 'place === head.place &&', 'false &&'),
      instead('operation.ts', 'place <= head.place', 'place < head.place'),
    ],
  },
  {
    name: '7: value and record in two writes',
    patches: [instead('operation.ts', '  remember()', '  writeHead(); remember()')],
  },
  {
    name: '9: a debit lowers the flag',
    patches: [instead('debit.ts', '  head.seq++', '  head.seq++; head.flag = false')],
  },
  {
    name: '13: the fence does not stop old commands',
    patches: [instead('operation.ts', '< head.epochFloor', '< 0')],
  },
  {
    name: '16: a cancel undoes an applied load',
    patches: [instead('operation.ts', 'head.kind === Kind.PAY && ', '')],
  },
  {
    name: '17: a fence obeys the raised flag',
    patches: [instead('settings.ts', 'epoch === head.epochFloor', 'head.flag || epoch === head.epochFloor')],
  },
  {
    name: '22: a debit is not bound to seq',
    patches: [instead('debit.ts', 'if (seq() !== head.seq) return refuse(MOVED_ON)', '')],
  },
  {
    name: 'a confirmed pay is undone',
    patches: [instead('operation.ts', ' && head.flag\n}', '\n}')],
  },
  {
    name: 'an unconfirmed operation is overtaken',
    patches: [instead('operation.ts', 'head.flag && head.place > prev', 'false')],
  },
  {
    name: 'the ring forgets',
    patches: [instead('operation.ts', '  remember()', '')],
  },
  {
    name: 'a block does not stop loads',
    patches: [instead('rules.ts', '  if (head.blocked) return PURSE_BLOCKED\n', '')],
  },
  {
    name: 'a void gives the off-line count back',
    patches: [instead('debit.ts', '  head.credits += amount()', '  head.credits += amount(); head.offlineCount--')],
  },
  {
    name: 'the head is written before its record',
    patches: [instead('debit.ts', '  writeRecord(head.seq)\n  writeHead()', '  writeHead()\n  writeRecord(head.seq)')],
  },
]

/** One seed for all: some are found out by one life in hundreds. */
test.each(WEAKENED)('weakened, it is found out: $name', async ({ patches }) => {
  const purse = await purseFrom((file, text) => patches.reduce((patched, patch) => patch(file, patched), text))
  const { failed } = fc.check(
    fc.property(lives, steps => {
      live(purse(), steps)
    }),
    { numRuns: 1000, endOnFailure: true, seed: 3 },
  )
  expect(failed).toBe(true)
})
