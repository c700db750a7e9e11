/**
 * Operations that only their chips know (F-12), for operators: by how much each chip's totals are ahead of the book, and
 * which of the sales that stores say they have honoured one of them was, where that amount makes its digest; and where its
 * ring has forgotten some, what waits for two people.
 */
import type { Answer } from '@kozeni/api/route'
import type { listFound } from '@kozeni/api/routes-proposal'
import { isMoney, type Money, ZERO } from '@kozeni/base/money'
import { ok } from '@kozeni/base/result'
import type { Crypto } from '@kozeni/protocol/crypto'
import type { OrderRow, PurseRow } from './book.ts'
import type { FoundRow, HonouredRow } from './book-epoch.ts'
import type { Center } from './center.ts'
import { foundFor, isUntold, mayHaveCome } from './found.ts'
import { numberOf, timeOf } from './server-answer.ts'
import type { Handlers } from './server-handler.ts'
import { pageOf } from './server-page.ts'

type FoundAnswer = Answer<typeof listFound>['found'][number]

/** In pages of purses. */
export const foundHandlers = (center: Center): Pick<Handlers, 'listFound'> => ({
  listFound: async ({ query }) => {
    const page = pageOf(query, 'purse')
    if (!page.ok) return page
    const { rows: purses, next } = await center.views.withFound(page.value)
    const isFirst = query.after === undefined
    const lost = isFirst || purses.length > 0 ? await center.views.lostSales() : []
    const found = await Promise.all(
      purses.map(async purse => {
        const seen = await center.book.look({ purse: purse.purse })
        const row = seen.purse ?? purse
        const orders = await center.views.waiting(purse.purse)
        const waits = orders.filter(order => mayHaveCome({ ...seen, purse: row }, order))
        return seen.found.flatMap(one =>
          isListed(row, one) ? [foundAnswer(center.crypto, row, one, lost, waits)] : [],
        )
      }),
    )
    return ok({
      found: found.flat(),
      ...(isFirst && { sales: lost.map(saleAnswer) }),
      ...(next !== undefined && { next }),
    })
  },
})

const saleAnswer = ({ store, transaction, at }: HonouredRow) => ({
  store,
  transaction: numberOf(transaction),
  at: timeOf(at),
})

/** What was forgotten is over when all that the chip has shown is booked. */
const isListed = ({ seenCredits, credits, seenDebits, debits }: PurseRow, { standing }: FoundRow): boolean =>
  standing === 'forgotten' ? seenCredits > credits || seenDebits > debits : standing !== 'settled'

function foundAnswer(
  crypto: Crypto,
  purse: PurseRow,
  row: FoundRow,
  lost: readonly HonouredRow[],
  waits: readonly OrderRow[],
): FoundAnswer {
  const { epoch, number, kind, outcome, at, standing } = row
  const ahead = { credits: above(purse.seenCredits, purse.credits), debits: above(purse.seenDebits, purse.debits) }
  const sales =
    kind === 'pay' && isUntold(row) ? lost.filter(sale => wasFor(crypto, purse, row, sale, ahead.debits)) : []
  return {
    ...{ purse: purse.purse, epoch, number, kind, outcome, at: timeOf(at) },
    standing: standing === 'settled' ? 'open' : standing,
    ahead: { credits: String(ahead.credits), debits: String(ahead.debits) },
    honoured: sales.map(({ store, transaction }) => ({
      store,
      transaction: numberOf(transaction),
      amount: String(ahead.debits),
    })),
    ...(standing === 'forgotten' && {
      waits: waits.map(one => ({ order: one.order, kind: one.kind, amount: String(one.amount - one.delivered) })),
    }),
  }
}

const above = (shown: bigint, known: bigint): Money => {
  const ahead = shown - known
  return isMoney(ahead) ? ahead : ZERO
}

function wasFor(
  crypto: Crypto,
  purse: PurseRow,
  row: FoundRow,
  { store, transaction, reference }: HonouredRow,
  amount: Money,
): boolean {
  const intent = { kind: 'pay', amount, reference, store, transaction } as const
  return foundFor(crypto, { purse, found: [row] }, intent) !== undefined
}
