/** A command or a look on its way through the book: what it asks, what it must have for itself, and who is waiting. */
import type { Decision, Keys, Seen, Write } from './book.ts'
import type { Job } from './book-postgres-group.ts'
import { checkNamed, lastOfEach, numberName } from './book-writes.ts'

/** What a task has come to, and how to say so once it is durable. */
export interface Outcome {
  readonly writes: readonly Write[]
  give(): void
}

export class Task implements Job {
  readonly keys: Keys
  /** How often it was tried by itself in vain. */
  tries = 0
  /** It goes by itself: the group that it was in has failed. */
  alone = false
  /** It has turned out to change what many share, which is locked for it from now on. */
  exclusive = false
  /** Whoever waits has been told. */
  told = false
  readonly #own: readonly string[]
  readonly #decide: (seen: Seen) => Outcome
  readonly #fail: (error: unknown) => void

  constructor(keys: Keys, decide: (seen: Seen) => Outcome, fail: (error: unknown) => void) {
    this.keys = keys
    this.#own = ownNeeds(keys)
    this.#decide = decide
    this.#fail = fail
  }

  needs(): readonly string[] {
    return this.exclusive ? [...this.#own, ...sharedNeeds(this.keys)] : this.#own
  }

  /** Pure; throws what the command throws. */
  decide(seen: Seen): Outcome {
    return this.#decide(seen)
  }

  fail(error: unknown): void {
    this.told = true
    this.#fail(error)
  }
}

/** A task, and the promise of its answer. */
export function taskOf<A>(keys: Keys, decide: (seen: Seen) => Decision<A>): { task: Task; answer: Promise<A> } {
  const { promise, resolve, reject } = Promise.withResolvers<A>()
  const task = new Task(
    keys,
    seen => {
      const { answer, writes } = decide(seen)
      checkNamed(keys, seen, writes)
      return { writes: lastOfEach(writes), give: () => resolve(answer) }
    },
    reject,
  )
  return { task, answer: promise }
}

/** What belongs to one command at a time. Receipts and operations are their purse's; sales are looked after by their rows. */
function ownNeeds({ purse, chip, load, order, number, unsettled }: Keys): string[] {
  return [
    ...named('purse', purse),
    ...named('chip', chip),
    ...named('load', load),
    ...named('order', order),
    ...named('number', number && numberName(number)),
    ...named('unsettled', unsettled?.store),
  ]
}

/** What many commands read at once and few change. */
const sharedNeeds = ({ account, device, store, terminal }: Keys): string[] => [
  ...named('account', account),
  ...named('device', device),
  ...named('store', store),
  ...named('terminal', terminal),
]

/** @returns whether a write changes what many commands read at once */
export const isShared = ({ write }: Write): boolean =>
  write === 'account' || write === 'device' || write === 'store' || write === 'terminal'

const named = (what: string, name: string | undefined): string[] => (name === undefined ? [] : [`${what} ${name}`])
