/**
 * How late the event loop is, by its own samples of the last second. A second without a sample says nothing: whoever took
 * that for late would refuse everybody for a second after each long piece of work.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'

const SAMPLE_MS = 10
const WINDOW_MS = 1000

export interface Lateness {
  /** In milliseconds, on the average. */
  now(): number
  stop(): void
}

/** Measures until it is stopped. */
export function lateness(): Lateness {
  const samples = monitorEventLoopDelay({ resolution: SAMPLE_MS })
  samples.enable()
  let late = 0
  const timer = setInterval(() => {
    late = lateBy(samples, late)
    samples.reset()
  }, WINDOW_MS)
  timer.unref()
  return {
    now: () => late,
    stop: () => {
      clearInterval(timer)
      samples.disable()
    },
  }
}

/**
 * @param samples  how many there were, and their mean in nanoseconds: what the loop took beside what it was to take
 * @param before   how late it was in the second before, in milliseconds
 */
export const lateBy = ({ count, mean }: { readonly count: number; readonly mean: number }, before: number): number =>
  count === 0 ? before : Math.max(0, mean / 1e6 - SAMPLE_MS)
