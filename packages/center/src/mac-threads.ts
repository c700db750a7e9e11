/**
 * MACs of large uploads, checked on threads of their own: whoever waits at a counter is answered meanwhile, and while
 * PostgreSQL books some receipts the next are proved. Threads begin with the first upload that is worth the way there and
 * back; all vaults of a process share them, and they keep no process alive.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Bytes } from '@kozeni/base/bytes'
import type { Crypto } from '@kozeni/protocol/crypto'
import { macsHere, type ReceiptMasters, type RightMacs } from './macs.ts'

/** What a thread is asked: receipts in one piece of memory. */
export interface Asked {
  readonly bytes: Bytes
  readonly stride: number
  readonly masters: ReceiptMasters
}

/** Receipts that are worth the way. */
const MANY = 50
/** One less than there are processors: that one decides and answers. */
const COUNT = Math.max(1, availableParallelism() - 1)
const MAIN = new URL('./mac-thread.ts', import.meta.url)

const threads: Thread[] = []
let asked = 0

/** A few are checked here. Rejects where a thread has ended in between. */
export function macsOnThreads(crypto: Pick<Crypto, 'sha256'>): RightMacs {
  const here = macsHere(crypto)
  return (receipts, masters) => {
    const { count, bytes, stride } = receipts
    return count < MANY ? here(receipts, masters) : next().ask({ bytes, stride, masters })
  }
}

function next(): Thread {
  const at = asked++ % COUNT
  const known = threads[at]
  const thread = known?.isAlive ? known : new Thread()
  threads[at] = thread
  return thread
}

interface Waiting {
  readonly resolve: (right: Uint8Array) => void
  readonly reject: (error: unknown) => void
}

/** It answers in the order in which it is asked. */
class Thread {
  isAlive = true
  readonly #worker = new Worker(MAIN)
  #waiting: Waiting[] = []

  constructor() {
    this.#worker.on('message', (right: Uint8Array) => this.#answer(right))
    this.#worker.on('error', error => this.#end(error))
    this.#worker.on('exit', code => this.#end(new Error(`a thread for MACs has ended, with ${code}`)))
    this.#worker.unref()
  }

  /** Whoever waits for an answer keeps the process alive. */
  ask(what: Asked): Promise<Uint8Array> {
    this.#worker.ref()
    this.#worker.postMessage(what)
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  #answer(right: Uint8Array): void {
    this.#waiting.shift()?.resolve(right)
    if (this.#waiting.length === 0) this.#worker.unref()
  }

  #end(error: unknown): void {
    this.isAlive = false
    for (const { reject } of this.#waiting) reject(error)
    this.#waiting = []
  }
}
