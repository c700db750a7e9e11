// CONFIRM: the center has closed an operation, and has booked debits (F-4, C-6).
import { load32, load64 } from './bytes.ts'
import { head, writeHead } from './head.ts'
import { Confirm } from './layout.ts'
import { BODY } from './seal.ts'
import { OK } from './status.ts'

/** Repeating it writes nothing, so that no relay can wear the chip out. */
export function confirm(): i32 {
  let changed = lowerFlag(load64(BODY + Confirm.PLACE))
  changed =
    acknowledge(load64(BODY + Confirm.ACKNOWLEDGED_AMOUNT), load32(BODY + Confirm.ACKNOWLEDGED_COUNT)) || changed
  changed = takeTime(load32(BODY + Confirm.TIME)) || changed
  if (changed) writeHead()
  return OK
}

function lowerFlag(place: u64): bool {
  if (!head.flag || place !== head.place) return false
  head.flag = false
  return true
}

/** The maximum of old and new, never for a blocked purse; above the chip's own totals means it was rolled back (C-6). */
function acknowledge(amount: u64, count: u32): bool {
  if (head.blocked) return false
  if (amount > head.offlineAmount || count > head.offlineCount) {
    head.blocked = true
    return true
  }
  const changed = amount > head.acknowledgedAmount || count > head.acknowledgedCount
  head.acknowledgedAmount = max(amount, head.acknowledgedAmount)
  head.acknowledgedCount = max(count, head.acknowledgedCount)
  return changed
}

/** The latest that the center has told (C-10). */
function takeTime(time: u32): bool {
  if (time <= head.time) return false
  head.time = time
  return true
}
