/** What an issuer may choose, with defaults that suit a small pilot. Everything else is the protocol's. */

import type { Currency } from '@kozeni/base/currency'
import { currency } from '@kozeni/base/currency'
import { MONEY_MAX, money } from '@kozeni/base/money'
import type { Limits } from '@kozeni/protocol/message'
import type { WindowRule } from '@kozeni/protocol/seed'

export interface Policy {
  readonly currency: Currency
  /** How long a pay may stay open (F-8); at most 60 s. */
  readonly sessionMs: number
  /** How long a reserved installation waits for its holder. */
  readonly reservationMs: number
  /** How long a purse certificate is good: at most seven days for software chips (C-9). */
  readonly purseCertificateMs: number
  readonly terminalCertificateMs: number
  /** A terminal that has not uploaded for this long stops selling (F-11). */
  readonly maxOfflineMs: number
  /** What a lost purse waits beyond that, before it is paid out. */
  readonly lostMarginMs: number
  /** How long a till keeps what is settled: longer than any backup that the book may be put back from is old (F-12). */
  readonly keepSettledMs: number
  /** What a new purse is allowed. */
  readonly limits: Limits
  /** The seed windows of stores (T-3). */
  readonly windows: WindowRule
  readonly loadMaximum: bigint
  /** For how many purses a till carries mail (F-9). */
  readonly mailPurses: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export const defaultPolicy: Policy = {
  currency: currency('JPY'),
  sessionMs: 60_000,
  reservationMs: DAY_MS,
  purseCertificateMs: 7 * DAY_MS,
  terminalCertificateMs: 365 * DAY_MS,
  maxOfflineMs: 3 * DAY_MS,
  lostMarginMs: DAY_MS,
  keepSettledMs: 7 * DAY_MS,
  limits: {
    maximumValue: money(50_000n),
    maximumDebit: money(20_000n),
    lowerAmount: money(10_000n),
    upperAmount: money(30_000n),
    lowerCount: 20,
    upperCount: 60,
    pinAbove: MONEY_MAX,
  },
  windows: { lengthSeconds: 3600, overlapSeconds: 900, ahead: 48 },
  loadMaximum: 50_000n,
  mailPurses: 50,
}
