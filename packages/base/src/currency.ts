/**
 * Currencies by ISO 4217: the numeric code is what chips and receipts carry; the digits after the point are ISO's,
 * not the platform's (which differ for some). The table is dated: a change of ISO 4217 is a new row.
 */

import { assert } from './assert.ts'
import type { Brand } from './brand.ts'

/** Three letters of ISO 4217 that the table below knows. */
export type Currency = Brand<string, 'Currency'>

/** As of 2026-01-01: letters, number, digits after the point. */
const TABLE = [
  ['AUD', 36, 2],
  ['BHD', 48, 3],
  ['BRL', 986, 2],
  ['CAD', 124, 2],
  ['CHF', 756, 2],
  ['CLP', 152, 0],
  ['CNY', 156, 2],
  ['CZK', 203, 2],
  ['DKK', 208, 2],
  ['EUR', 978, 2],
  ['GBP', 826, 2],
  ['HKD', 344, 2],
  ['HUF', 348, 2],
  ['IDR', 360, 2],
  ['INR', 356, 2],
  ['ISK', 352, 0],
  ['JPY', 392, 0],
  ['KES', 404, 2],
  ['KRW', 410, 0],
  ['KWD', 414, 3],
  ['MXN', 484, 2],
  ['MYR', 458, 2],
  ['NOK', 578, 2],
  ['NZD', 554, 2],
  ['PHP', 608, 2],
  ['PLN', 985, 2],
  ['SEK', 752, 2],
  ['SGD', 702, 2],
  ['THB', 764, 2],
  ['TND', 788, 3],
  ['TWD', 901, 2],
  ['UGX', 800, 0],
  ['USD', 840, 2],
  ['VND', 704, 0],
  ['ZAR', 710, 2],
] as const

const byLetters = new Map<string, { number: number; digits: number }>(
  TABLE.map(([letters, number, digits]) => [letters, { number, digits }]),
)
const byNumber = new Map<number, Currency>(
  TABLE.map(([letters, number]) => [number, letters as Currency & typeof letters]),
)

/** Whether the table knows these three letters. */
export const isCurrency = (letters: string): letters is Currency => byLetters.has(letters)

/** The one way to make a Currency. A bug unless isCurrency(letters). */
export function currency(letters: string): Currency {
  assert(isCurrency(letters), `a currency of ISO 4217, not "${letters.slice(0, 8)}"`)
  return letters
}

/** ISO 4217's number for it, as chip fields hold it. */
export const currencyNumber = (letters: Currency): number => entry(letters).number

/** The currency with this number, or undefined. */
export const currencyFromNumber = (number: number): Currency | undefined => byNumber.get(number)

/** `1234n` USD as "12.34 USD", `1234n` JPY as "1,234 JPY": exact, through no float. */
export function show(amount: bigint, letters: Currency): string {
  const { digits } = entry(letters)
  const sign = amount < 0n ? '-' : ''
  const all = (amount < 0n ? -amount : amount).toString().padStart(digits + 1, '0')
  const whole = all.slice(0, all.length - digits).replace(/\B(?=(\d{3})+$)/g, ',')
  const part = digits === 0 ? '' : `.${all.slice(all.length - digits)}`
  return `${sign}${whole}${part} ${letters}`
}

function entry(letters: Currency): { number: number; digits: number } {
  const found = byLetters.get(letters)
  assert(found !== undefined, `a currency of the table, not ${letters}`)
  return found
}
