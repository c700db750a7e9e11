/**
 * The provider's own book, for whoever has to compare it with the merchant's: what was captured, what went back, and
 * what is left, in each currency. Derived from the charges and refunds on every call; kept nowhere.
 */
import type { Charge, Metadata } from './provider-object.ts'
import type { Provider } from './provider-state.ts'

/** Whole minor units; `net` = `captured` − `refunded`. */
export interface Totals {
  readonly captured: number
  readonly refunded: number
  readonly net: number
}

export interface LedgerLine extends Totals {
  readonly payment_intent: string
  readonly charge: string
  readonly currency: string
  readonly metadata: Metadata
  readonly created: number
}

export interface Ledger {
  readonly currencies: Readonly<Record<string, Totals>>
  /** Every capture, the oldest first. */
  readonly payments: readonly LedgerLine[]
  readonly refunds: readonly { readonly id: string; readonly payment_intent: string; readonly amount: number }[]
}

/** @returns  every capture and refund, and their totals, as the provider sees them now */
export function ledgerOf(provider: Provider): Ledger {
  const payments = [...provider.charges.values()].filter(charge => charge.captured).map(lineOf)
  const currencies = Object.entries(Object.groupBy(payments, ({ currency }) => currency))
  return {
    currencies: Object.fromEntries(currencies.map(([currency, lines = []]) => [currency, totalsOf(lines)])),
    payments,
    refunds: [...provider.refunds.values()],
  }
}

const lineOf = (charge: Charge): LedgerLine => ({
  payment_intent: charge.payment_intent,
  charge: charge.id,
  currency: charge.currency,
  captured: charge.amount_captured,
  refunded: charge.amount_refunded,
  net: charge.amount_captured - charge.amount_refunded,
  metadata: charge.metadata,
  created: charge.created,
})

const totalsOf = (lines: readonly LedgerLine[]): Totals =>
  lines.reduce<Totals>(
    (sum, line) => ({
      captured: sum.captured + line.captured,
      refunded: sum.refunded + line.refunded,
      net: sum.net + line.net,
    }),
    { captured: 0, refunded: 0, net: 0 },
  )
