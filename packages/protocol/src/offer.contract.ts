/** Sound transactions for properties: every field at its edges, in every script. */
import { type Currency, currency } from '@kozeni/base/currency'
import { id, type StoreId, type TerminalId } from '@kozeni/base/ids'
import { MONEY_MAX, money } from '@kozeni/base/money'
import fc from 'fast-check'
import { soundTransaction, type Transaction } from './transaction.ts'

const u32 = fc.nat({ max: 0xffff_ffff })
const hexDigit = fc.constantFrom(...Array.from('0123456789abcdef'))
const name = fc.array(hexDigit, { minLength: 15, maxLength: 15 }).map(digits => `7${digits.join('')}`)
const currencies: fc.Arbitrary<Currency> = fc.constantFrom('JPY', 'USD', 'KWD').map(currency)

/** Any transaction that passes its gate. */
export const someTransaction: fc.Arbitrary<Transaction> = fc
  .record({
    store: name.map(text => id<StoreId>(text)),
    terminal: fc.option(name.map(text => id<TerminalId>(text))),
    sequence: u32,
    amount: fc.bigInt({ min: 1n, max: MONEY_MAX }).map(money),
    currency: currencies,
    time: fc.nat({ max: 0xffff_0000 }),
    expires: fc.nat({ max: 0xfffe }),
    orderReference: fc.string({ unit: 'grapheme', maxLength: 16 }),
    returnUrl: fc.constantFrom('', 'https://shop.example/', 'http://localhost:3000/done?a=1'),
    generation: u32,
    window: u32,
  })
  .map(fields => ({ ...fields, expires: fields.time + fields.expires + 1 }))
  .filter(transaction => soundTransaction(transaction).ok)
