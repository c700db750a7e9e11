/** Runs one layer in a process of its own, within its budget, and says what came of it; never throws for the layer's sake. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Layer, Report, Size } from './layer.ts'

/** What the layer's process says. */
export type Said = { readonly line: string } | { readonly report: Report }

export interface Launch {
  readonly size: Size
  readonly seed: number
  readonly say: (line: string) => void
  readonly signal: AbortSignal
  /** A module to load before anything else, in the layer's process and all that it starts: a planted defect. */
  readonly plant?: string
}

/** What came of one run of one layer, as it is kept. */
export interface Outcome extends Report {
  readonly size: Size
  readonly seed: number
  readonly seconds: number
}

/** How long a layer may take to clean up when it is told to stop. */
const GRACE_MS = 60_000

/** @returns the layer's report; a process that ended without one is itself a finding */
export async function launch(layer: Layer, { size, seed, say, signal, plant }: Launch): Promise<Outcome> {
  const started = performance.now()
  const child = fork(new URL('layer-main.ts', import.meta.url), [layer.name, size, String(seed)], {
    env: plant === undefined ? process.env : { ...process.env, NODE_OPTIONS: `--import=${plant}` },
  })
  let report: Report | undefined
  child.on('message', (said: Said) => {
    if ('line' in said) say(said.line)
    else report = said.report
  })
  const stop = (): void => void child.kill('SIGTERM')
  const budgetMs = layer.budgetSeconds[size] * 1000
  const timers = [setTimeout(stop, budgetMs), setTimeout(() => child.kill('SIGKILL'), budgetMs + GRACE_MS)]
  signal.addEventListener('abort', stop, { once: true })
  const [code, by] = await once(child, 'exit')
  signal.removeEventListener('abort', stop)
  for (const timer of timers) clearTimeout(timer)
  const nothing: Report = {
    tried: 0,
    found: [`its process ended without a report (${by ?? `exit ${code}`})`],
    figures: {},
  }
  return { ...(report ?? nothing), size, seed, seconds: (performance.now() - started) / 1000 }
}

/** Why this outcome does not pass; empty when it does. */
export function objections(layer: Layer, { size, tried, found }: Outcome): readonly string[] {
  const floor = size === 'canary' ? 0 : layer.atLeast[size]
  const few = `${tried.toLocaleString('en')} ${layer.tries} were tried in its budget, not ${floor.toLocaleString('en')}`
  return tried < floor ? [...found, few] : found
}
