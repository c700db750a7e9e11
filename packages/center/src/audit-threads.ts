/**
 * The purses of a book audited by several threads at once, each a share of them, all in one snapshot. A thread opens the
 * vault for itself: who asks for threads brings the file that does so and calls auditShare.
 */
import { Worker } from 'node:worker_threads'
import type { Share } from './archive-postgres.ts'
import { rangesOf } from './archive-postgres-range.ts'
import type { PartReport } from './audit.ts'

/** What a thread is told: its share, and what its own file needs. */
export interface ThreadData<Own> {
  readonly share: Share
  readonly own: Own
}

/** What a thread says: how many purses more it has done, and in the end what it has found. */
export type ThreadSays = number | PartReport

export interface ThreadOptions<Own> {
  /** The threads' file. */
  readonly main: URL
  readonly own: Own
  /** The snapshot's name; whoever has exported it keeps it open until all have ended. */
  readonly snapshot: string
  readonly threads: number
  readonly onProgress?: (purses: number) => void
}

/** @returns what each thread has found; a thread that fails fails all */
export function auditInThreads<Own>(options: ThreadOptions<Own>): Promise<readonly PartReport[]> {
  let done = 0
  const onMore = (purses: number): void => options.onProgress?.((done += purses))
  return Promise.all(
    rangesOf(options.threads).map(purses => {
      const data: ThreadData<Own> = { share: { purses, snapshot: options.snapshot }, own: options.own }
      return reportOf(new Worker(options.main, { workerData: data }), onMore)
    }),
  )
}

const reportOf = (worker: Worker, onMore: (purses: number) => void): Promise<PartReport> =>
  new Promise((resolve, reject) => {
    worker.on('message', (said: ThreadSays) => (typeof said === 'number' ? onMore(said) : resolve(said)))
    worker.once('error', reject)
    worker.once('exit', code => reject(new Error(`an auditor's thread ended before its report, with ${code}`)))
  })
