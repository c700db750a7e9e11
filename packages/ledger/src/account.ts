/**
 * The chart of accounts. Every account belongs to one kind and, where the kind has many, to one owner. A balance is
 * debits less credits, so assets are positive and what the issuer owes is negative.
 */
import type { AccountId, PurseId, StoreId } from '@kozeni/base/ids'

export const ACCOUNT_KIND = {
  /** Asset: what the issuer has at its bank. */
  bank: 1,
  /** Asset: what card providers, tills and vouchers have taken in and not yet paid over. */
  funding: 2,
  /** Liability to a holder: captured money and owed refunds that are on no chip and in no open operation. */
  'in-transit': 3,
  /** Liability: the amounts of exactly the open operations. */
  'in-doubt': 4,
  /** Liability to a holder: what the purse's chip is known to hold. */
  'purse-float': 5,
  /** Liability to a store: what it has sold and was not yet paid out. */
  'store-payable': 6,
  /** Income. */
  fees: 7,
  /** Expense: what clones, thieves and broken chips have cost the issuer. */
  'fraud-loss': 8,
  /** Liability to a holder: swept off one purse, and owed to no other yet. */
  moving: 9,
  /** Contra to all purses' floats: what collected receipts have taken from chips. Which purse's it was, its receipts say. */
  collected: 10,
  /** Liability to stores: claims that are held, for their debits seem to be voided (K-2). Whose they are, their entries say. */
  withheld: 11,
} as const

export type AccountKind = keyof typeof ACCOUNT_KIND

/** Kinds that have one account an owner; the others have one account in all. */
export type OwnedKind = 'in-transit' | 'in-doubt' | 'purse-float' | 'store-payable' | 'moving'

export type Account =
  | { readonly kind: Exclude<AccountKind, OwnedKind> }
  | { readonly kind: 'in-transit' | 'in-doubt' | 'purse-float'; readonly owner: PurseId }
  | { readonly kind: 'store-payable'; readonly owner: StoreId }
  | { readonly kind: 'moving'; readonly owner: AccountId }

export const bank: Account = { kind: 'bank' }
export const funding: Account = { kind: 'funding' }
export const fees: Account = { kind: 'fees' }
export const fraudLoss: Account = { kind: 'fraud-loss' }
export const collected: Account = { kind: 'collected' }
export const withheld: Account = { kind: 'withheld' }
export const inTransit = (owner: PurseId): Account => ({ kind: 'in-transit', owner })
export const inDoubt = (owner: PurseId): Account => ({ kind: 'in-doubt', owner })
export const purseFloat = (owner: PurseId): Account => ({ kind: 'purse-float', owner })
export const storePayable = (owner: StoreId): Account => ({ kind: 'store-payable', owner })
export const moving = (owner: AccountId): Account => ({ kind: 'moving', owner })
