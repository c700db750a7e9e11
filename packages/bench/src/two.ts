/** Two center processes on one database: how much more they collect than one does. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { heard } from './heard.ts'
import type { Work } from './measure.ts'

const MAIN = fileURLToPath(new URL('./second-main.ts', import.meta.url))

/** A second process, with a center of its own. */
export class Second {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** @param purses  that there are; @param uploads  that it collects each time it is told to */
  static async start(url: string, purses: number, uploads: number): Promise<Second> {
    const child = fork(MAIN, [url, String(purses), String(uploads)])
    await heard(child)
    return new Second(child)
  }

  /** Has its next uploads made. */
  makeReady(): Promise<void> {
    return this.#told('make')
  }

  /** Has them collected. */
  collect(): Promise<void> {
    return this.#told('collect')
  }

  async end(): Promise<void> {
    this.#child.send('end')
    await once(this.#child, 'exit')
  }

  async #told(what: string): Promise<void> {
    this.#child.send(what)
    await heard(this.#child)
  }
}

/** The same work here and there, at once. The row's center is this process alone. */
export const beside = (work: string, mine: Work, second: Second): Work => ({
  ...mine,
  work,
  units: 2 * mine.units,
  run: async took => {
    await Promise.all([second.collect(), mine.run(took)])
  },
})
