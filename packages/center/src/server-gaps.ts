/** What chips' totals say and no receipt has told yet, for operators; of a lost terminal, what witnesses say it had sold. */
import type { Answer } from '@kozeni/api/route'
import type { listGaps } from '@kozeni/api/routes-operator-view'
import { type Bytes, hex } from '@kozeni/base/bytes'
import { ok } from '@kozeni/base/result'
import { pseudonymOf } from '@kozeni/protocol/debit'
import type { PurseRow } from './book.ts'
import type { Center } from './center.ts'
import { type Gap, gapOf, isOf, type Missing } from './gap.ts'
import type { Handlers } from './server-handler.ts'
import { pageOf } from './server-page.ts'

/** How far back a purse's records are looked through: a gap that is older is shown by its sums alone. */
const LATEST = 200

/** The gaps of all purses, in pages. */
export const gapHandlers = (center: Center): Pick<Handlers, 'listGaps'> => ({
  listGaps: async ({ query: { terminal, ...asked } }) => {
    const page = pageOf(asked, 'purse')
    if (!page.ok) return page
    const { rows, next } = await center.views.behind(page.value)
    const made = terminal && pseudonymOf(center.crypto, terminal)
    const gaps = await Promise.all(rows.map(row => gapAnswer(center, row, made)))
    return ok({ gaps: gaps.flat(), ...(next !== undefined && { next }) })
  },
})

type GapAnswer = Answer<typeof listGaps>['gaps'][number]

/** @param made  only what was made at the terminal of this pseudonym */
async function gapAnswer(
  { book }: Center,
  { purse, seenSeq }: PurseRow,
  made: Bytes | undefined,
): Promise<GapAnswer[]> {
  const from = Math.max(1, seenSeq - LATEST + 1)
  const seqs = Array.from({ length: seenSeq - from + 1 }, (_, i) => from + i)
  const { purse: row, open, receipts } = await book.look({ purse, receipts: seqs })
  const gap = row && gapOf(row, open, receipts, from)
  if (gap === undefined || gap.unseenDebits + gap.voidValue === 0n) return []
  const missing = made === undefined ? gap.missing : gap.missing.filter(one => isOf(one, made))
  return made !== undefined && missing.length === 0
    ? []
    : [{ purse, ...sumsOf(gap), missing: missing.map(missingAnswer) }]
}

const sumsOf = ({ unseenDebits, voidValue }: Gap) => ({
  unseenDebits: String(unseenDebits),
  voidValue: String(voidValue),
})

const missingAnswer = ({ seq, witness, chargeable }: Missing): GapAnswer['missing'][number] => ({
  seq,
  ...(witness && { amount: String(witness.amount), pseudonym: hex(witness.terminal) }),
  ...(chargeable && { chargeable: { store: chargeable.store, amount: String(chargeable.amount) } }),
})
