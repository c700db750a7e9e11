/**
 * MACs of large uploads, checked on threads of their own: whoever waits at a counter is answered meanwhile, and while
 * PostgreSQL books some receipts the next are proved. Threads begin with the first upload that is worth the way there and
 * back; all vaults of a process share them, and they keep no process alive.
 */
import { availableParallelism } from 'node:os'
import type { Bytes } from '@kozeni/base/bytes'
import type { Crypto } from '@kozeni/protocol/crypto'
import { macsHere, type ReceiptMasters, type RightMacs } from './macs.ts'
import { Thread } from './thread.ts'

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

type MacThread = Thread<Asked, Uint8Array>

const threads: MacThread[] = []
let asked = 0

/** A few are checked here. Rejects where a thread has ended in between. */
export function macsOnThreads(crypto: Pick<Crypto, 'sha256'>): RightMacs {
  const here = macsHere(crypto)
  return (receipts, masters) => {
    const { count, bytes, stride } = receipts
    return count < MANY ? here(receipts, masters) : next().ask({ bytes, stride, masters })
  }
}

function next(): MacThread {
  const at = asked++ % COUNT
  const known = threads[at]
  const thread = known?.isAlive ? known : new Thread<Asked, Uint8Array>(MAIN)
  threads[at] = thread
  return thread
}
