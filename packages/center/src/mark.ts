/**
 * The port to the mark: how far the book had come, noted where a restore of the book does not reach (F-12). It never
 * falls. Several center processes may share one. What is noted must already be in the book, but for an epoch that is
 * about to begin: so a crash makes no mark that is ahead of a sound book, and a restored book is behind.
 */

/** The epoch, and how many heartbeats of it the book has had. */
export interface Mark {
  readonly epoch: number
  readonly beat: number
}

export interface Marks {
  /** Undefined where nothing was ever noted. */
  read(): Promise<Mark | undefined>
  /** Durable when it resolves; one that is not higher than what stands there changes nothing. */
  note(mark: Mark): Promise<void>
}

/** Negative when a comes before b. */
export const compareMarks = (a: Mark, b: Mark): number => a.epoch - b.epoch || a.beat - b.beat
