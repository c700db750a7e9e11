/**
 * A layer of the proof: one way of trying to break the system. A layer knows how to try and what it found; when it runs,
 * beside what, for how long at most, and where the result is kept is the runner's business.
 */

/** `canary`: as much as it takes to see a planted defect. `quick`: what every integration runs. `full`: the whole claim. */
export type Size = 'canary' | 'quick' | 'full'

/** How one run is asked for. */
export interface Run {
  readonly size: Size
  /** Where chance begins: a layer without concurrency does the same with the same seed. */
  readonly seed: number
  /** One line of progress, for whoever waits. */
  readonly say: (line: string) => void
  /** Aborted when the budget is spent or somebody wants it to end: clean up and report what was tried so far. */
  readonly signal: AbortSignal
}

/** What came of a run. */
export interface Report {
  readonly tried: number
  /** One sentence for each thing that does not hold, with the command or the numbers that show it again. Empty is good. */
  readonly found: readonly string[]
  /** What else is worth knowing: name → value with its unit. */
  readonly figures: Readonly<Record<string, string>>
}

export interface Layer {
  /** One word; `npm run proof -- bank` runs it alone. */
  readonly name: string
  /** What holds when nothing is found, in a sentence. */
  readonly proves: string
  /** What is counted as tried, in the plural: operations, states. */
  readonly tries: string
  /** Fewer tried than this is a failure, however little was found. */
  readonly atLeast: Readonly<Record<'quick' | 'full', number>>
  readonly budgetSeconds: Readonly<Record<Size, number>>
  /** 2: it keeps the whole machine busy, or measures time, and nothing runs beside it. */
  readonly cores: 1 | 2
  /** Whether it is meant to see a planted defect: then the canary wants it to. */
  readonly seesPlanted: boolean
  run(run: Run): Promise<Report>
}
