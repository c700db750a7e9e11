/** Kills the center without warning, so many times, at moments of chance; the town starts it again. */
import type { Screen } from './screen.ts'
import type { Town } from './town.ts'

const LONGEST_PAUSE_MS = 6_000

export class Killer {
  readonly #town: Town
  readonly #screen: Screen
  #left: number
  #resting: Promise<void>

  constructor(town: Town, screen: Screen, kills: number) {
    this.#town = town
    this.#screen = screen
    this.#left = kills
    this.#resting = this.#work()
  }

  /** Resolves when it kills no more. */
  rest(): Promise<void> {
    return this.#resting
  }

  async #work(): Promise<void> {
    while (this.#left > 0) {
      await new Promise(resolve => setTimeout(resolve, 500 + Math.random() * LONGEST_PAUSE_MS))
      const [victim] = this.#town.centerPids
      if (victim === undefined) continue
      this.#screen.note(`kill -9: a center process is gone (${--this.#left} to come)`)
      process.kill(victim, 'SIGKILL')
    }
  }
}
