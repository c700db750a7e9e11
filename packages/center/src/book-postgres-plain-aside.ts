/**
 * Plain receipts booked on a thread of their own, with a connection of its own: deciding on a night's receipts, and what is
 * left of them in memory, takes nothing from the thread that answers people.
 */
import type { Bytes } from '@kozeni/base/bytes'
import { AnswerLost } from './book.ts'
import type { PlainBooking } from './book-postgres-plain.ts'
import type { ProvedUpload } from './book-receipt.ts'
import { Thread } from './thread.ts'

/** What the thread begins with. */
export interface Given {
  readonly url: string
}

/** An upload on its way to the thread. */
export interface Sent extends Pick<ProvedUpload, 'terminal' | 'store' | 'candidates'> {
  readonly bytes: Bytes
  readonly stride: number
}

/** What it has booked; or that it has booked nothing, or that nobody knows. */
export type Reply = { readonly booked: readonly Uint8Array[] } | { readonly failed: 'not-done' | 'lost' }

const MAIN = new URL('./book-postgres-plain-thread.ts', import.meta.url)

/** The thread begins with the first uploads. @param url  of the book's database */
export function plainAside(url: string): PlainBooking {
  let thread: Thread<readonly Sent[], Reply> | undefined
  const ask = async (uploads: readonly Sent[]): Promise<Reply> => {
    thread = thread?.isAlive ? thread : new Thread<readonly Sent[], Reply>(MAIN, { url } satisfies Given)
    try {
      return await thread.ask(uploads)
    } catch (error) {
      throw new AnswerLost('the thread that books receipts has ended', { cause: error })
    }
  }
  return {
    book: async uploads => {
      const told = await ask(uploads.map(sent))
      if ('booked' in told) return told.booked
      throw told.failed === 'lost'
        ? new AnswerLost('the connection to PostgreSQL broke during a commit')
        : new Error('nothing is booked')
    },
    close: async () => await thread?.end(),
  }
}

const sent = ({ terminal, store, receipts: { bytes, stride }, candidates }: ProvedUpload): Sent => ({
  ...{ terminal, store, bytes, stride, candidates },
})
