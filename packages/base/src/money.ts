/**
 * Amounts and totals, in whole minor units (1n is one yen, or one cent). Never a float, never negative.
 * A field that holds one amount has four bytes; a total that only rises has eight.
 */
import { assert } from './assert.ts'
import type { Brand } from './brand.ts'

/** One amount: a price, a load, what a chip holds. */
export type Money = Brand<bigint, 'Money'>

/** A sum over a life: credits, debits. Only ever rises. */
export type Total = Brand<bigint, 'Total'>

/** The most one chip field can hold: four unsigned bytes. */
export const MONEY_MAX: Money = 0xffff_ffffn as Money

/** The most a total can hold; a PostgreSQL bigint holds it too. */
export const TOTAL_MAX: Total = 0x7fff_ffff_ffff_ffffn as Total

export const ZERO: Money = 0n as Money

/** Whether `minorUnits` fits one amount. */
export const isMoney = (minorUnits: bigint): minorUnits is Money => minorUnits >= 0n && minorUnits <= MONEY_MAX

/** The one way to make Money. A bug unless it fits: check input from outside with isMoney or parseMoney. */
export function money(minorUnits: bigint): Money {
  if (!isMoney(minorUnits)) assert(false, `0 <= ${minorUnits} <= ${MONEY_MAX}`)
  return minorUnits
}

/** The one way to make a Total. */
export function total(minorUnits: bigint): Total {
  if (minorUnits < 0n || minorUnits > TOTAL_MAX) assert(false, `0 <= ${minorUnits} <= ${TOTAL_MAX}`)
  return minorUnits as Total
}

/**
 * The amount that `text` spells in plain ASCII digits: no sign, no exponent, no leading zero, no other script's digits.
 *
 * @returns undefined when it spells no amount from 0 to MONEY_MAX
 */
export function parseMoney(text: string): Money | undefined {
  if (!/^(0|[1-9][0-9]{0,9})$/.test(text)) return undefined
  const minorUnits = BigInt(text)
  return isMoney(minorUnits) ? minorUnits : undefined
}

/** What is left of `balance` after `price`, or undefined when it does not cover it. */
export const subtract = (balance: Money, price: Money): Money | undefined =>
  balance < price ? undefined : money(balance - price)
