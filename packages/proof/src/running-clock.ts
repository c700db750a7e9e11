/** A clock that runs from an instant of one's own choosing, as fast as the machine's. */
import type { Clock } from '@kozeni/base/clock'

/** @param from  milliseconds since 1970 that it shows now */
export function runningClock(from: number): Clock {
  const started = performance.now()
  return {
    now: () => Math.floor(from + performance.now() - started),
    wait: delayMs => new Promise(resolve => setTimeout(resolve, delayMs)),
  }
}
