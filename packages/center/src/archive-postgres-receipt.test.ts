import { type Bytes, concat, NO_BYTES } from '@kozeni/base/bytes'
import { currency } from '@kozeni/base/currency'
import { idFromNumber, idNumber, type PurseId, type StoreId, type TerminalId } from '@kozeni/base/ids'
import { money, TOTAL_MAX, total } from '@kozeni/base/money'
import { receipt, SIGNED_RECEIPT_BYTES } from '@kozeni/protocol/debit'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readRow } from './archive.ts'
import { ALL_PURSES } from './archive-postgres-range.ts'
import { lostBy, recordsByPurse } from './archive-postgres-receipt.ts'
import { receiptIn } from './book-postgres-batch.ts'
import { extended, RECORD_BYTES, readTrail, writeRecord, writeTrail } from './book-postgres-trail.ts'

const bytes = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })
const number = fc.integer({ min: 0, max: 0xffff_ffff })
const names = fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }).map(name => idFromNumber<PurseId & TerminalId>(name))

/** Any receipt, as its chip signs it. */
const body = fc
  .record({
    version: fc.constant(1),
    type: fc.constant('receipt' as const),
    direction: fc.constant('to-center' as const),
    ...{ purse: names, keyVersion: fc.nat(255), kind: fc.constantFrom('debit' as const, 'void' as const), seq: number },
    ...{ amount: number.map(sum => money(BigInt(sum))), currency: fc.constantFrom(currency('JPY'), currency('EUR')) },
    ...{ terminal: names, sale: number, time: number },
    ...{ credits: fc.bigInt({ min: 0n, max: TOTAL_MAX }).map(total), debits: number.map(sum => total(BigInt(sum))) },
    ...{ flag: fc.boolean(), epoch: number, number, digest: bytes(32) },
    outcome: fc.constantFrom('none' as const, 'applied' as const, 'reversed' as const, 'rejected' as const),
    ...{ prevSeq: number, prevAmount: fc.constant(money(0n)), prevTerminal: bytes(4) },
  })
  .map(facts => receipt.write(facts))

/** Its record, perhaps with a byte turned over, perhaps cut off. */
const record = fc
  .record({
    body,
    rest: bytes(RECORD_BYTES - receipt.size),
    at: fc.nat(receipt.size - 1),
    bits: fc.oneof(fc.constant(0), fc.nat(255)),
    length: fc.oneof(fc.constant(RECORD_BYTES), fc.nat(RECORD_BYTES)),
  })
  .map(({ body, rest, at, bits, length }) => {
    const whole = concat(body, rest)
    whole[at] = (whole[at] ?? 0) ^ bits
    return whole.slice(0, length)
  })

const FOUND_AT = { part: 0n, store: idFromNumber<StoreId>(77n), at: 1234 }
const { read } = recordsByPurse(ALL_PURSES, () => undefined)
const cellsOf = (batch: bigint, index: number, record: Bytes): readonly unknown[] => [
  batch,
  FOUND_AT.part,
  BigInt(index),
  idNumber(FOUND_AT.store),
  BigInt(FOUND_AT.at),
  record,
]

test('a receipt that is read where it stands says what it says to whoever reads all of it, or is none for either', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), records => {
      for (const [i, receipt] of read(records.map((one, i) => cellsOf(1n, i, one))).entries()) {
        const row = receiptIn(records[i] ?? NO_BYTES, FOUND_AT)
        expect(receipt.isReceipt).toBe(row !== undefined)
        if (row === undefined) continue
        const { told, signed, isAsSigned: _, ...columns } = readRow(row)
        expect(receipt).toMatchObject(columns)
        expect(receipt.signed).toEqual(signed)
        expect(told === undefined).toBe(receipt.told === undefined)
        if (told !== undefined) expect(told).toMatchObject({ ...receipt.told })
      }
    }),
    { numRuns: 2000 },
  )
})

test('of a purse’s records those behind a missing one are not to be found, in whatever order they are met', () => {
  const spots = fc.uniqueArray(fc.record({ batch: fc.bigInt({ min: 1n, max: 9n }), index: fc.nat(9) }), {
    selector: ({ batch, index }) => `${batch} ${index}`,
    maxLength: 12,
  })
  fc.assert(
    fc.property(spots, fc.nat(12), fc.boolean(), (chain, missing, isTurned) => {
      let trail = readTrail(NO_BYTES)
      const records = chain.map((spot, seq) => {
        const { links, trail: next } = extended(trail, { ...spot, part: 0 }, seq)
        trail = next
        const whole = new Uint8Array(RECORD_BYTES)
        writeRecord(whole, 0, new Uint8Array(SIGNED_RECEIPT_BYTES), links)
        return cellsOf(spot.batch, spot.index, whole)
      })
      const rest = records.filter((_, i) => i !== missing)
      const here = isTurned ? rest.toReversed() : rest
      expect(lostBy(writeTrail(trail), read(here))).toBe(missing < chain.length ? missing : 0)
    }),
  )
})
