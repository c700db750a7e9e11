/**
 * Where purses stand in PostgreSQL: what happens to one in `purse`, what it was given in `issuance`. Payments change the
 * former alone, whose row is the lock of both; a new row is written for every change of an old one, so that what changes
 * often is narrow. To decisions a purse is one row. See book-tables.ts.
 */
import { assert } from '@kozeni/base/assert'
import type { AccountId, ChipId, DeviceId, PurseId } from '@kozeni/base/ids'
import { type Money, money, type Total, total } from '@kozeni/base/money'
import { CHIP_CLASS, type ChipClass } from '@kozeni/protocol/certificate'
import type { PurseRow } from './book.ts'
import { PURSE_STAGE } from './book-codes.ts'
import {
  amounts,
  booleans,
  byteStrings,
  currencies,
  type Field,
  fields,
  ids,
  numbers,
  optional,
  table,
  words,
} from './postgres-table.ts'

/** What a purse was given, and what its issuer has decided about it since. */
export type IssuanceRow = Pick<
  PurseRow,
  | 'purse'
  | 'chip'
  | 'device'
  | 'account'
  | 'chipClass'
  | 'reservedUntil'
  | 'publicKey'
  | 'certificate'
  | 'keyVersion'
  | 'keysSince'
  | 'keyFloor'
  | 'settings'
  | 'settingsSeen'
  | 'limits'
  | 'movingTo'
  | 'lostAt'
  | 'writtenOff'
  | 'writeOffs'
>

/** Where a purse stands. */
export type StandingRow = Omit<PurseRow, Exclude<keyof IssuanceRow, 'purse'>>

const moneys = (name: string): Field<Money> => amounts(name, money)
const totals = (name: string): Field<Total> => amounts(name, total)
const purse = ids<PurseId>('purse_id')

const standing = {
  purse,
  currency: currencies('currency'),
  stage: words('stage', PURSE_STAGE),
  epoch: numbers('epoch'),
  number: numbers('number'),
  closedEpoch: numbers('closed_epoch'),
  closedNumber: numbers('closed_number'),
  flag: booleans('flag'),
  credits: totals('credits'),
  debits: totals('debits'),
  seenCredits: totals('seen_credits'),
  seenDebits: totals('seen_debits'),
  seenSeq: numbers('seen_seq'),
  seenEpoch: numbers('seen_epoch'),
  seenNumber: numbers('seen_number'),
  seenStage: numbers('seen_stage'),
  seenFloor: numbers('seen_floor'),
  bookedAmount: totals('booked_amount'),
  bookedCount: numbers('booked_count'),
  voidedAmount: totals('voided_amount'),
  taken: byteStrings('taken'),
  holds: numbers('holds'),
  trail: byteStrings('trail'),
  blocked: booleans('blocked'),
}

const issuance = {
  purse,
  chip: ids<ChipId>('chip_id'),
  device: ids<DeviceId>('device_id'),
  account: ids<AccountId>('account_id'),
  chipClass: words<ChipClass>('chip_class', CHIP_CLASS),
  reservedUntil: numbers('reserved_until_ms'),
  publicKey: optional(byteStrings('public_key')),
  certificate: optional(byteStrings('certificate')),
  keyVersion: numbers('key_version'),
  keysSince: numbers('keys_since_ms'),
  keyFloor: numbers('key_floor'),
  settings: numbers('settings'),
  settingsSeen: numbers('settings_seen'),
  limits: fields<PurseRow['limits']>({
    maximumValue: moneys('maximum_value'),
    maximumDebit: moneys('maximum_debit'),
    lowerAmount: moneys('lower_amount'),
    upperAmount: moneys('upper_amount'),
    lowerCount: numbers('lower_count'),
    upperCount: numbers('upper_count'),
    pinAbove: moneys('pin_above'),
  }),
  movingTo: optional(ids<PurseId>('moving_to')),
  lostAt: optional(numbers('lost_at_ms')),
  writtenOff: totals('written_off'),
  writeOffs: numbers('write_offs'),
}

export const PURSE = table<StandingRow>('purse', standing)
export const ISSUANCE = table<IssuanceRow>('issuance', issuance)

/** Both, for whoever reads whole purses and locks none. */
export const WHOLE_PURSE = table<PurseRow>('purse join issuance using (purse_id)', { ...standing, ...issuance })

/** The whole of a purse whose row was found; where there is none, none. */
export function wholePurse(row: StandingRow | undefined, issued: IssuanceRow | undefined): PurseRow | undefined {
  if (row === undefined) return undefined
  assert(issued !== undefined, `purse ${row.purse} was issued`)
  return { ...issued, ...row }
}
