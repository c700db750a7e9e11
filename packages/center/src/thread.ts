/** A thread beside the one that answers people: it is asked, and answers in the order in which it is asked. */
import { Worker } from 'node:worker_threads'

interface Waiting<Asked, Answer> {
  readonly asked: Asked
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/**
 * Sent ahead of its answers, so that it always has something to do. What is behind them waits here: to send is to copy, and a
 * night's uploads all copied at once would hold up whoever is at a counter.
 */
const AHEAD = 16

/** It keeps the process alive while somebody waits for an answer, and no longer. */
export class Thread<Asked, Answer> {
  /** Once it is not, nothing asked is answered. */
  isAlive = true
  readonly #worker: Worker
  readonly #ended: Promise<void>
  #waiting: Waiting<Asked, Answer>[] = []
  /** How many of them are sent. */
  #sent = 0

  /**
   * @param main   calls workAside (thread-work.ts)
   * @param given  what it is told as it begins
   */
  constructor(main: URL, given?: unknown) {
    this.#worker = new Worker(main, { workerData: given })
    this.#worker.on('message', (answer: Answer) => this.#answer(answer))
    this.#worker.on('error', error => this.#end(error))
    this.#ended = new Promise(resolve => {
      this.#worker.on('exit', code => {
        this.#end(new Error(`a thread has ended, with ${code}`))
        resolve()
      })
    })
    this.#worker.unref()
  }

  /** Rejects where the thread ends in between. */
  ask(asked: Asked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ asked, resolve, reject })
      this.#send()
    })
  }

  /** When all is answered, it puts away what it has open. */
  async end(): Promise<void> {
    if (!this.isAlive) return
    this.#worker.ref()
    this.#worker.postMessage('end')
    await this.#ended
  }

  #send(): void {
    this.#worker.ref()
    for (const { asked } of this.#waiting.slice(this.#sent, AHEAD)) {
      this.#worker.postMessage({ asked })
      this.#sent++
    }
  }

  #answer(answer: Answer): void {
    this.#waiting.shift()?.resolve(answer)
    this.#sent--
    if (this.#waiting.length === 0) this.#worker.unref()
    else this.#send()
  }

  #end(error: unknown): void {
    this.isAlive = false
    for (const { reject } of this.#waiting) reject(error)
    this.#waiting = []
  }
}
