/**
 * The signed list of blocked purses and stolen terminals that tills sell by (D-7). Its versions are in the book, so that all
 * center processes hand out the same ones and none ever goes back; this is what one process knows of them. Signed anew every
 * few seconds, because a till sells by a list only while it is young.
 */
import type { Bytes } from '@kozeni/base/bytes'
import { type Clock, seconds } from '@kozeni/base/clock'
import type { PurseId, TerminalId } from '@kozeni/base/ids'
import { hotlistMessage, type WholeHotlist } from '@kozeni/protocol/hotlist'
import { type Book, type Command, unchanged } from './book.ts'
import type { HotlistRow, ListChange } from './book-hotlist.ts'
import type { Vault } from './vault.ts'
import type { Views } from './views.ts'

export interface Hotlist extends WholeHotlist {
  readonly signature: Bytes
}

/** What a till lacks; `since` 0 replaces the whole. */
export interface HotlistNews {
  readonly list: Hotlist
  readonly since: number
  readonly purses: ListChange<PurseId>
  readonly terminals: ListChange<TerminalId>
}

interface Means {
  readonly book: Book
  readonly views: Views
  readonly vault: Vault
  readonly clock: Clock
}

type Listed = Awaited<ReturnType<Views['listed']>>

/** A list is not made again for the next few seconds. */
const FRESH_MS = 2000
/** How often the next version is tried when other processes are faster. */
const TRIES = 8

export class Hotlists {
  readonly #means: Means
  #versions: readonly HotlistRow[] = []
  #newest: Hotlist | undefined
  #madeAt = Number.NEGATIVE_INFINITY

  constructor(means: Means) {
    this.#means = means
  }

  /** The newest list, a few seconds old at most. */
  async newest(): Promise<Hotlist> {
    const now = this.#means.clock.now()
    if (this.#newest !== undefined && now - this.#madeAt < FRESH_MS) return this.#newest
    return await this.#make(0)
  }

  /**
   * What a till with this version lacks. A version that the book does not know is from before a restore: then one above it is
   * made, so that the till goes on.
   *
   * @spec D-7
   */
  async newsSince(since: number): Promise<HotlistNews> {
    const ahead = since <= seconds(this.#means.clock.now()) ? since : 0
    const newest = await this.newest()
    const list = newest.version < ahead ? await this.#make(ahead) : newest
    const from = this.#versions.some(({ version }) => version === since) ? since : 0
    return { list, since: from, ...changesAfter(this.#versions, from) }
  }

  /** @param atLeast  the version is not below this one */
  async #make(atLeast: number): Promise<Hotlist> {
    for (let tries = 0; tries < TRIES; tries++) {
      // the versions first: then what is listed is not older than any of them
      const news = await this.#means.views.hotlists(this.#versions.at(-1)?.version ?? 0)
      this.#versions = [...this.#versions, ...news]
      const listed = await this.#means.views.listed()
      const next = nextVersion(this.#versions, listed, this.#means.clock.now(), atLeast)
      if (next === undefined) return this.#sign(listed)
      await this.#means.book.run(publish(next))
    }
    throw new Error('the hotlist changes faster than it is read')
  }

  #sign(listed: Listed): Hotlist {
    const now = this.#means.clock.now()
    const unsigned = { version: this.#versions.at(-1)?.version ?? 0, at: seconds(now), ...listed }
    const signature = this.#means.vault.sign('certificates', hotlistMessage(unsigned))
    this.#madeAt = now
    this.#newest = { ...unsigned, signature }
    return this.#newest
  }
}

/** Adds a version; nothing when another process has followed the same one. */
export const publish = (row: HotlistRow): Command<undefined> => ({
  keys: { hotlistAfter: row.follows },
  decide: ({ hotlistAfter }) =>
    hotlistAfter === undefined ? { answer: undefined, writes: [{ write: 'hotlist', row }] } : unchanged(undefined),
})

/**
 * The version that is to follow, or undefined when the last one says all that is listed.
 *
 * @param now      milliseconds since 1970
 * @param atLeast  the list's version is not below this one
 */
export function nextVersion(
  versions: readonly HotlistRow[],
  listed: Listed,
  now: number,
  atLeast: number,
): HotlistRow | undefined {
  const last = versions.at(-1)?.version ?? 0
  const said = changesAfter(versions, 0)
  const purses = changeOf(said.purses.listed, listed.purses)
  const terminals = changeOf(said.terminals.listed, listed.terminals)
  const changed = [purses, terminals].some(each => each.listed.length + each.unlisted.length > 0)
  if (!changed && last > 0 && last >= atLeast) return undefined
  return { follows: last, version: Math.max(last + 1, atLeast + 1, seconds(now)), at: now, purses, terminals }
}

/** What the versions after this one come to: after 0, all that is listed. */
export function changesAfter(
  versions: readonly HotlistRow[],
  version: number,
): Pick<HotlistRow, 'purses' | 'terminals'> {
  const after = versions.filter(row => row.version > version)
  return { purses: summed(after.map(row => row.purses)), terminals: summed(after.map(row => row.terminals)) }
}

function changeOf<T>(before: readonly T[], after: readonly T[]): ListChange<T> {
  const [old, now] = [new Set(before), new Set(after)]
  return { listed: after.filter(each => !old.has(each)), unlisted: before.filter(each => !now.has(each)) }
}

/** The last word on each name counts. */
function summed<T extends string>(changes: readonly ListChange<T>[]): ListChange<T> {
  const last = new Map<T, boolean>()
  for (const { listed, unlisted } of changes) {
    for (const one of listed) last.set(one, true)
    for (const one of unlisted) last.set(one, false)
  }
  const names = [...last.keys()].sort()
  return { listed: names.filter(one => last.get(one)), unlisted: names.filter(one => !last.get(one)) }
}
