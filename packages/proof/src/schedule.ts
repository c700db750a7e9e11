/** Runs jobs side by side on so many cores, in order; a job that needs the whole machine has it alone. */

/** One thing to run, and what it occupies. */
export interface Job {
  readonly cores: number
  run(): Promise<void>
}

/** Starts each job as soon as there is room for it; never one before an earlier one. Resolves when all have ended. */
export async function schedule(jobs: readonly Job[], cores: number): Promise<void> {
  const running = new Map<Promise<void>, number>()
  const used = (): number => [...running.values()].reduce((sum, each) => sum + each, 0)
  for (const job of jobs) {
    const needs = Math.min(job.cores, cores)
    while (used() + needs > cores) await Promise.race(running.keys())
    const run = job.run().finally(() => running.delete(run))
    running.set(run, needs)
  }
  await Promise.all(running.keys())
}
