/**
 * Group commit: whatever waits goes together. While one group is in its transaction the next one gathers; it goes when that
 * one is through, or beside it as soon as it is worth a transaction of its own. Nobody waits for others to come.
 * Of jobs that want the same thing (a purse, a load, a number) one is in a group, and none in two groups at once; they
 * keep their order.
 */

/** Something that waits its turn. */
export interface Job {
  /** What it must have for itself. */
  needs(): readonly string[]
  /** Whether it goes by itself, with no other job in its group. */
  readonly alone: boolean
}

export interface GroupOptions<J> {
  /** The most jobs in one group; asked for each anew. */
  readonly size: () => number
  /** The most groups at once; asked before each. */
  readonly lanes: () => number
  /** How few jobs do not begin a group beside another, and for how long they are held back so. None are unless it is said. */
  readonly few?: { readonly most: number; readonly pause: () => Promise<void> }
  /** Does all that is to be done for a group; never throws. */
  readonly work: (group: readonly J[]) => Promise<void>
}

/** How many times a group's size is looked through for jobs that can go; bounds the search when all want one purse. */
const LOOK_AHEAD = 8

export class Groups<J extends Job> {
  readonly #options: GroupOptions<J>
  #waiting: J[] = []
  /** What the groups that are under way have for themselves. */
  readonly #taken = new Set<string>()
  #running = 0
  #starting = false
  #holding = false
  /** Who was held back has been so for long enough. */
  #overdue = false

  constructor(options: GroupOptions<J>) {
    this.#options = options
  }

  /** Whether somebody waits for an answer. */
  get isBusy(): boolean {
    return this.#running > 0 || this.#waiting.length > 0
  }

  add(...jobs: readonly J[]): void {
    this.#waiting.push(...jobs)
    this.#startSoon()
  }

  /** Ahead of all that wait, in this order. */
  addFirst(...jobs: readonly J[]): void {
    this.#waiting.unshift(...jobs)
    this.#startSoon()
  }

  /** What is asked for in one turn of the event loop goes together: by all the requests that have come in it. */
  #startSoon(): void {
    if (this.#starting) return
    this.#starting = true
    setImmediate(() => {
      this.#starting = false
      this.#start()
    })
  }

  #start(): void {
    while (this.#running < this.#options.lanes() && !this.#isHeldBack()) {
      const group = this.#take()
      if (group.length === 0) break
      void this.#run(group)
    }
  }

  /** A group that takes long, as behind another's lock, holds nobody back for longer than the pause. */
  #isHeldBack(): boolean {
    const { few } = this.#options
    const hold = few !== undefined && this.#running > 0 && this.#waiting.length <= few.most && !this.#overdue
    this.#overdue = false
    if (hold && !this.#holding && this.#waiting.length > 0) {
      this.#holding = true
      void few.pause().then(() => {
        this.#holding = false
        this.#overdue = true
        this.#startSoon()
      })
    }
    return hold
  }

  async #run(group: readonly J[]): Promise<void> {
    const needs = group.flatMap(job => job.needs())
    for (const need of needs) this.#taken.add(need)
    this.#running++
    await this.#options.work(group)
    this.#running--
    for (const need of needs) this.#taken.delete(need)
    // whoever was answered just now may ask for the next
    queueMicrotask(() => this.#start())
  }

  /** The next group: in order of arrival, passing over what has to wait for another. */
  #take(): J[] {
    const size = this.#options.size()
    const unavailable = new Set(this.#taken)
    const group: J[] = []
    const passed: J[] = []
    let seen = 0
    for (const job of this.#waiting.slice(0, LOOK_AHEAD * size)) {
      if (group.length === size || (group.length > 0 && group[0]?.alone)) break
      seen++
      const needs = job.needs()
      const free = (!job.alone || group.length === 0) && needs.every(need => !unavailable.has(need))
      ;(free ? group : passed).push(job)
      for (const need of needs) unavailable.add(need)
    }
    this.#waiting = [...passed, ...this.#waiting.slice(seen)]
    return group
  }
}
