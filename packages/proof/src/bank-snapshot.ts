/**
 * The totals of the book at one instant, by one statement of SQL, while others write: what the entries say, and what the
 * rows say that caused them. They agree in every snapshot, or money was created or lost. @spec INV-SUM, INV-NOCREATE
 */
import { HOLD_STAGE, LOAD_STAGE, ORDER_STAGE } from '@kozeni/center/book-codes'
import { type Session, statement } from '@kozeni/center/postgres-session'
import { ACCOUNT_KIND, type AccountKind } from '@kozeni/ledger/account'
import { KIND } from '@kozeni/protocol/operation'

const TOTALS = `
  select 'debit', debit_kind, credit_kind, sum(amount)::bigint from entry group by debit_kind, credit_kind
  union all select 'on purses', 0, 0, coalesce(sum(credits - debits), 0)::bigint from purse
  union all select 'pays open', 0, 0, coalesce(sum(amount), 0)::bigint from operation
    where closed_at_ms is null and kind = ${KIND.pay}
  union all select 'others open', 0, 0, coalesce(sum(amount), 0)::bigint from operation
    where closed_at_ms is null and kind <> ${KIND.pay}
  union all select 'waiting', 0, 0, coalesce(sum(amount), 0)::bigint from "order" where stage = ${ORDER_STAGE.waiting}
  union all select 'taken in', 0, 0, coalesce(sum(amount), 0)::bigint from load
    where stage in (${LOAD_STAGE.captured}, ${LOAD_STAGE.loaded}, ${LOAD_STAGE['giving-back']})
  union all select 'going back', 0, 0, coalesce(sum(amount), 0)::bigint from load
    where stage = ${LOAD_STAGE['giving-back']}
  union all select 'withheld', 0, 0, coalesce(sum(amount), 0)::bigint from hold where stage = ${HOLD_STAGE.held}
  union all select 'claimed', 0, 0, coalesce(sum(amount), 0)::bigint from claim
  union all select 'paid out', 0, 0, coalesce(sum(net), 0)::bigint from settlement
  union all select 'fees', 0, 0, coalesce(sum(fee), 0)::bigint from settlement
  union all select 'alarms', 0, 0, count(*) from alarm`

/** What two totals are, which must be the same. */
type Equality = readonly [says: string, left: bigint, right: bigint]

/** @returns one sentence for each total that is wrong in this snapshot */
export async function wrongTotals(session: Session): Promise<readonly string[]> {
  const [answer] = await session.all([statement(TOTALS)])
  return equalities(answer?.rows ?? [])
    .filter(([, left, right]) => left !== right)
    .map(([says, left, right]) => `${says}: ${left} is not ${right} (${left - right})`)
}

function equalities(rows: readonly (readonly unknown[])[]): readonly Equality[] {
  const balances = new Map<number, bigint>()
  const add = (kind: number, amount: bigint): unknown => balances.set(kind, (balances.get(kind) ?? 0n) + amount)
  const totals = new Map<string, bigint>()
  for (const [what, debit, credit, cell] of rows) {
    const amount = typeof cell === 'bigint' ? cell : 0n
    if (what !== 'debit') totals.set(String(what), amount)
    else {
      add(Number(debit), amount)
      add(Number(credit), 0n - amount)
    }
  }
  const owed = (kind: AccountKind): bigint => 0n - (balances.get(ACCOUNT_KIND[kind]) ?? 0n)
  const of = (what: string): bigint => totals.get(what) ?? 0n
  const [pays, others, waiting] = [of('pays open'), of('others open'), of('waiting') + of('going back')]
  const all = [...balances.values()].reduce((sum, each) => sum + each, 0n)
  // the amount of an open pay is still on its chip, as far as anybody knows
  const liable = of('on purses') + others + waiting + of('claimed') + of('withheld')
  return [
    ['the book sums to zero', all, 0n],
    ['entries on purses = purses’ totals − open pays', owed('purse-float') + owed('collected'), of('on purses') - pays],
    ['entries in doubt = open operations', owed('in-doubt'), pays + others],
    ['entries in transit = what waits and what goes back', owed('in-transit'), waiting],
    [
      'entries owed to stores = claims − payouts − fees',
      owed('store-payable'),
      of('claimed') - of('paid out') - of('fees'),
    ],
    ['entries withheld = claims that are held', owed('withheld'), of('withheld')],
    ['entries taken in = loads that are paid for', 0n - owed('funding'), of('taken in')],
    ['all that is owed = all that was taken in', liable, of('taken in')],
    ['no purse is suspected', of('alarms'), 0n],
  ]
}
