/** How much memory the center's process takes before it looks through all of it for what is no longer needed. */
import { setFlagsFromString } from 'node:v8'

/** As much again as lives, so many hundredths. */
const GROWTH_PERCENT = 400

/**
 * Lets the whole process's memory grow to five times what lives before V8 looks through it; by itself V8 does so every other
 * second, and whoever pays then waits (decision 42). Small garbage is collected as often as before.
 */
export function growHeapFreely(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`)
}
