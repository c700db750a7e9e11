// SET and FENCE: orders without value. Neither touches number, outcome or flag (F-12, F-14).
import { load32, load64 } from './bytes.ts'
import { head, writeHead } from './head.ts'
import { newestVersion } from './issue.ts'
import { Fence, Settings } from './layout.ts'
import { BODY } from './seal.ts'
import { DATA_WRONG, EPOCH_PAST, OK, SETTINGS_PAST } from './status.ts'

/** A higher number replaces all settings in one write; time and key floor never fall (F-14, C-1). */
export function set(): i32 {
  const place = load64(BODY + Settings.PLACE)
  if (place <= head.settingsPlace) return SETTINGS_PAST
  if (load<u8>(BODY + Settings.BLOCKED) > 1 || leavesNoKey()) return DATA_WRONG
  head.settingsPlace = place
  head.blocked = load<bool>(BODY + Settings.BLOCKED)
  head.keyFloor = max(head.keyFloor, load<u8>(BODY + Settings.KEY_FLOOR))
  head.time = max(head.time, load32(BODY + Settings.TIME))
  takeLimits()
  writeHead()
  return OK
}

/** A floor above every key on the chip would shut the center out for ever. */
function leavesNoKey(): bool {
  return (load<u8>(BODY + Settings.KEY_FLOOR) as u32) > newestVersion()
}

function takeLimits(): void {
  head.maximumValue = load32(BODY + Settings.MAXIMUM_VALUE)
  head.maximumDebit = load32(BODY + Settings.MAXIMUM_DEBIT)
  head.lowerAmount = load32(BODY + Settings.LOWER_AMOUNT)
  head.upperAmount = load32(BODY + Settings.UPPER_AMOUNT)
  head.lowerCount = load32(BODY + Settings.LOWER_COUNT)
  head.upperCount = load32(BODY + Settings.UPPER_COUNT)
  head.pinAbove = load32(BODY + Settings.PIN_ABOVE)
}

/** Raises the epoch floor at any flag and touches nothing else (F-12). */
export function fence(): i32 {
  const epoch = load32(BODY + Fence.EPOCH)
  if (epoch < head.epochFloor) return EPOCH_PAST
  if (epoch === head.epochFloor) return OK
  head.epochFloor = epoch
  writeHead()
  return OK
}
