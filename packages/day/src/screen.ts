/** The day's screen: steps, checked statements under them, and the count at the end. */
import { bad, good, quiet, say, strong } from '@kozeni/cli/say'

export class Screen {
  #held = 0
  #failed = 0
  readonly #startedMs = performance.now()

  /** A new part of the day. */
  step(letter: string, title: string): void {
    say()
    say(strong(`${letter}. ${title}`))
  }

  /** What is being done, or was seen. */
  note(text: string): void {
    say(quiet(`     ${text}`))
  }

  /** One statement, checked. A statement that does not hold is counted and the day goes on. */
  check(holds: boolean, statement: string, detail = ''): void {
    if (holds) this.#held += 1
    else this.#failed += 1
    say(`   ${holds ? good('✓') : bad('✗')} ${statement}${detail && quiet(`  ${detail}`)}`)
  }

  get failed(): number {
    return this.#failed
  }

  /** The day's last line. */
  sum(): void {
    const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(1)
    say()
    const mark = this.#failed === 0 ? good('✓') : bad('✗')
    say(`${mark} ${this.#held} statements held, ${this.#failed} did not, in ${seconds} s`)
  }
}
