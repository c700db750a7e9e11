/**
 * The book's heartbeat (F-12): every few seconds one small row in the book, and then the same in the mark outside it. It
 * costs nothing per operation. A book that is found behind its mark was restored, at the start or under a running center;
 * what a restore loses of the last few seconds alone, chips and stores tell (restore.ts). At each beat the keys that another
 * process has made or revoked are taken in too.
 */
import type { Clock } from '@kozeni/base/clock'
import { type Book, type Command, unchanged } from './book.ts'
import type { EpochRow } from './book-epoch.ts'
import type { Center } from './center.ts'
import { compareMarks, type Mark, type Marks } from './mark.ts'
import { restored } from './restore.ts'
import type { Vault } from './vault.ts'

interface Means {
  readonly book: Book
  readonly marks: Marks
  readonly clock: Clock
  readonly vault: Pick<Vault, 'refresh'>
  readonly log: Center['log']
}

const BEAT_MS = 10_000
const IDLE_MS = 200

export class Pulse {
  readonly #means: Means
  #running: Promise<void> | undefined
  #stopped = false
  #beatAt = Number.NEGATIVE_INFINITY

  constructor(means: Means) {
    this.#means = means
  }

  /** One beat. @returns the present epoch, a new one if the book has turned out to be restored. @spec F-12 */
  async beat(): Promise<EpochRow> {
    const { book, marks, log } = this.#means
    const mark = await marks.read()
    const row = await book.run(heartbeat(mark))
    if (row === 'behind') {
      const epoch = await restored(this.#means, (mark?.epoch ?? 0) + 1)
      log('warn', 'the book was restored from a backup: a new epoch begins', { epoch: epoch.epoch })
      return epoch
    }
    if (mark === undefined && row.beat > 1)
      log('warn', 'there was no mark beside the vault: a restore before now is not noticed', {})
    await marks.note(row)
    return row
  }

  /** Goes on until stop(). */
  start(): void {
    this.#running ??= this.#run()
  }

  /** With a last beat, so that nothing that was done is behind the mark. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#running
    await this.#tryBeat()
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const { clock } = this.#means
      if (clock.now() >= this.#beatAt + BEAT_MS) await this.#tryBeat()
      await clock.wait(IDLE_MS)
    }
  }

  async #tryBeat(): Promise<void> {
    const { clock, log, vault } = this.#means
    this.#beatAt = clock.now()
    try {
      await vault.refresh()
      await this.beat()
    } catch (error) {
      log('error', 'the vault was not read or the mark not noted: tried again', { error: String(error) })
    }
  }
}

const heartbeat = (mark: Mark | undefined): Command<EpochRow | 'behind'> => ({
  keys: {},
  decide: ({ present }) => {
    if (mark !== undefined && compareMarks(present, mark) < 0) return unchanged('behind')
    const row: EpochRow = { ...present, beat: present.beat + 1 }
    return { answer: row, writes: [{ write: 'epoch', row }] }
  },
})
