// The purse's own rules about amounts (C-6, C-7, F-2), asked by on-line operations and off-line debits alike.
// Each answers OK, or the status word that says why not.
import { head, value } from './head.ts'
import { TOTAL_MAX } from './layout.ts'
import { isVerifiedFor } from './session.ts'
import {
  BALANCE_TOO_LOW,
  MAXIMUM_EXCEEDED,
  OK,
  ONLINE_REQUIRED,
  PIN_REQUIRED,
  PURSE_BLOCKED,
  PURSE_FROZEN,
} from './status.ts'

/** Whether the holder lets this amount go: what fails here may come again unchanged (C-7). */
export function holdersGate(amount: u32, digest: usize): i32 {
  if (head.frozen) return PURSE_FROZEN
  if (amount > head.pinAbove && !isVerifiedFor(digest)) return PIN_REQUIRED
  return OK
}

export function mayLoad(amount: u64): i32 {
  if (head.blocked) return PURSE_BLOCKED
  if (value() + amount > head.maximumValue) return MAXIMUM_EXCEEDED
  return OK
}

export function mayTake(amount: u64): i32 {
  if (head.blocked) return PURSE_BLOCKED
  if (value() < amount) return BALANCE_TOO_LOW
  return OK
}

/** Whether the off-line amount and count, less what the center has acknowledged, have room for one debit more. */
export function mayStayOffline(amount: u64): i32 {
  if (head.offlineAmount - head.acknowledgedAmount + amount > head.upperAmount) return ONLINE_REQUIRED
  if (head.offlineCount - head.acknowledgedCount >= head.upperCount) return ONLINE_REQUIRED
  return OK
}

/** Past the lower limits: go on-line if you can. */
export function wantsOnline(): bool {
  return (
    head.offlineAmount - head.acknowledgedAmount > head.lowerAmount ||
    head.offlineCount - head.acknowledgedCount > head.lowerCount
  )
}

/** Whether the credits can rise by so much; debits never pass credits, so theirs need no such check (C-1). */
export function canCredit(amount: u64): bool {
  return head.credits + amount <= TOTAL_MAX
}
