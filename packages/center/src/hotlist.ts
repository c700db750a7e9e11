/**
 * The signed list of blocked purses and stolen terminals that tills sell by (D-7). The whole list each time it has
 * changed; its version rises with every change and follows the clock, so that it rises across restarts too.
 */
import { assert } from '@kozeni/base/assert'
import type { Bytes } from '@kozeni/base/bytes'
import { type Clock, seconds } from '@kozeni/base/clock'
import { hotlistMessage, type WholeHotlist } from '@kozeni/protocol/hotlist'
import type { Vault } from './vault.ts'
import type { Views } from './views.ts'

export interface Hotlist extends WholeHotlist {
  readonly signature: Bytes
}

interface Means {
  readonly views: Views
  readonly vault: Vault
  readonly clock: Clock
}

/** A list is not made again for the next few seconds. */
const FRESH_MS = 2000

export class Hotlists {
  readonly #means: Means
  #newest: Hotlist | undefined
  #madeAt = Number.NEGATIVE_INFINITY

  constructor(means: Means) {
    this.#means = means
  }

  /** The newest list, a few seconds old at most. */
  async newest(): Promise<Hotlist> {
    const now = this.#means.clock.now()
    if (this.#newest !== undefined && now - this.#madeAt < FRESH_MS) return this.#newest
    const { purses, terminals } = await this.#means.views.listed()
    const version = this.#versionOf([...purses, ...terminals].join(), seconds(now))
    const unsigned = { version, at: seconds(now), purses, terminals }
    const signature = this.#means.vault.sign('certificates', hotlistMessage(unsigned))
    this.#madeAt = now
    this.#newest = { ...unsigned, signature }
    return this.#newest
  }

  #versionOf(content: string, nowSeconds: number): number {
    const before = this.#newest
    if (before === undefined) return nowSeconds
    const same = [...before.purses, ...before.terminals].join() === content
    const version = same ? before.version : Math.max(before.version + 1, nowSeconds)
    assert(version >= before.version, 'versions rise')
    return version
  }
}
