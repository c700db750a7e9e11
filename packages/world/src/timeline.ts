/**
 * Virtual time: what is to happen stands in a heap by its instant, and thirty days pass as fast as what happens in them.
 * Everybody waits on clocks of this timeline, so one seed gives one order of events (INV-DET). Between two events
 * whatever the first one set going has come to rest: nothing here waits for the real world.
 */
import { assert } from '@kozeni/base/assert'
import type { Clock } from '@kozeni/base/clock'

interface Happening {
  readonly at: number
  /** The order in which they were planned decides between happenings of one instant. */
  readonly turn: number
  readonly act: () => void
}

export class Timeline {
  readonly #heap: Happening[] = []
  #nowMs: number
  #turns = 0
  #failure: { readonly error: unknown } | undefined

  /** @param startMs  milliseconds since 1970 */
  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  get now(): number {
    return this.#nowMs
  }

  /** How many happenings there were. */
  get turns(): number {
    return this.#turns
  }

  /** Plans `act` for `delayMs` from now. */
  plan(delayMs: number, act: () => void): void {
    push(this.#heap, { at: this.#nowMs + Math.max(0, delayMs), turn: ++this.#turns, act })
  }

  /** Begins a life of its own, `delayMs` from now. What it throws ends the run. */
  begin(work: () => Promise<unknown>, delayMs = 0): void {
    this.plan(delayMs, () => {
      work().catch((error: unknown) => {
        this.#failure ??= { error }
      })
    })
  }

  /** The time of this timeline as somebody's clock shows it. @param aheadMs  by how much it is wrong just now */
  clock(aheadMs: () => number = () => 0): Clock {
    return {
      now: () => this.#nowMs + Math.round(aheadMs()),
      wait: delayMs => new Promise(resolve => this.plan(delayMs, resolve)),
    }
  }

  /** Lets everything happen that is planned until then; @throws what a life has thrown */
  async run(untilMs = Number.POSITIVE_INFINITY): Promise<void> {
    for (let next = this.#heap[0]; next !== undefined && next.at <= untilMs; next = this.#heap[0]) {
      pop(this.#heap)
      assert(next.at >= this.#nowMs, 'time never goes back')
      this.#nowMs = next.at
      next.act()
      await rest()
      if (this.#failure !== undefined) throw this.#failure.error
    }
    if (untilMs !== Number.POSITIVE_INFINITY) this.#nowMs = Math.max(this.#nowMs, untilMs)
  }
}

/** Until every promise that can go on has gone on. */
const rest = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

const isBefore = (a: Happening, b: Happening): boolean => a.at < b.at || (a.at === b.at && a.turn < b.turn)

function push(heap: Happening[], happening: Happening): void {
  let place = heap.push(happening) - 1
  while (place > 0) {
    const above = (place - 1) >> 1
    if (!swapIfBefore(heap, place, above)) return
    place = above
  }
}

function pop(heap: Happening[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  heap[0] = last
  for (let place = 0; ; ) {
    const smaller = smallerBelow(heap, place)
    if (smaller === undefined || !swapIfBefore(heap, smaller, place)) return
    place = smaller
  }
}

function smallerBelow(heap: readonly Happening[], place: number): number | undefined {
  const [left, right] = [2 * place + 1, 2 * place + 2]
  const [one, other] = [heap[left], heap[right]]
  if (one === undefined) return undefined
  return other !== undefined && isBefore(other, one) ? right : left
}

/** Puts the one at `lower` above the one at `upper` if it comes first. */
function swapIfBefore(heap: Happening[], lower: number, upper: number): boolean {
  const [one, other] = [heap[lower], heap[upper]]
  if (one === undefined || other === undefined || !isBefore(one, other)) return false
  heap[lower] = other
  heap[upper] = one
  return true
}
