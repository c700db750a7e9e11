/** The thread of book-postgres-plain-aside.ts. */
import { workerData } from 'node:worker_threads'
import { systemDice } from '@kozeni/base/dice'
import { Receipts } from '@kozeni/protocol/receipts'
import { AnswerLost } from './book.ts'
import { batchNames } from './book-postgres-batch.ts'
import { bookPlain } from './book-postgres-plain.ts'
import type { Given, Reply, Sent } from './book-postgres-plain-aside.ts'
import type { ProvedUpload } from './book-receipt.ts'
import { openPool, WRITERS, withSession } from './postgres-session.ts'
import { workAside } from './thread-work.ts'

const { url }: Given = workerData
const pool = openPool({ url, connections: 1, name: WRITERS, byKey: true })
const options = { lockOneByOne: false, now: (now: number) => now, newBatch: batchNames(systemDice) }

workAside(
  async (uploads: readonly Sent[]): Promise<Reply> => {
    try {
      return { booked: await withSession(pool, session => bookPlain(session, uploads.map(uploadOf), options)) }
    } catch (error) {
      return { failed: error instanceof AnswerLost ? 'lost' : 'not-done' }
    }
  },
  () => pool.end(),
)

const uploadOf = ({ terminal, store, bytes, stride, candidates }: Sent): ProvedUpload => ({
  ...{ terminal, store, candidates },
  receipts: new Receipts(bytes, stride),
})
