/** A purse whose receipts may be plain, as its record has it, with what of it is booked here. */
import { Filling } from '@kozeni/base/filling'
import { putTrail } from './book-postgres-trail.ts'
import type { Standing } from './plain.ts'
import type { Records } from './postgres-record.ts'

/** The columns of the record, in their order. */
export const TAKING_COLUMNS = `
  purse_id, currency, epoch, number, credits, debits, seen_debits, seen_seq, seen_epoch, seen_number, seen_stage, ctid, xmin,
  taken, trail`

/** Its fields are assigned one by one: thousands are made at a time. */
export class Taking implements Standing {
  readonly purse: bigint
  readonly currency: number
  readonly epoch: number
  readonly number: number
  readonly credits: number
  debits: number
  seenDebits: number
  seenSeq: number
  seenEpoch: number
  seenNumber: number
  seenStage: number
  /** Where its row stands, and which transaction has put it there: whoever changes it changes these. */
  readonly block: number
  readonly offset: number
  readonly version: number
  readonly taken: Filling
  /** Where among all trails its own begins, which grows. */
  readonly trailAt: number
  isMoved = false
  /** What is booked now. */
  amount = 0
  count = 0

  /** @param trails  has room for its trail at `trailAt` */
  constructor(row: Records, trails: DataView, trailAt: number) {
    this.purse = row.bigint()
    this.currency = row.smallint()
    this.epoch = row.number()
    this.number = row.number()
    this.credits = row.number()
    this.debits = row.number()
    this.seenDebits = row.number()
    this.seenSeq = row.number()
    this.seenEpoch = row.number()
    this.seenNumber = row.number()
    this.seenStage = row.number()
    const { block, offset } = row.place()
    this.block = block
    this.offset = offset
    this.version = row.version()
    const taken = row.span()
    this.taken = Filling.at(taken.in, taken.at, taken.length)
    this.trailAt = trailAt
    putTrail(row.span(), { in: trails, at: trailAt })
  }

  /** Whether its numbers are exact. */
  get isExact(): boolean {
    return Number.isSafeInteger(Math.max(this.credits, this.seenDebits))
  }
}
