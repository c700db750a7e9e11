/**
 * A second center process on the same database, for the bench: says `ready` when it is warm, and then does what it is told: to
 * make its uploads, to collect them, to end. Arguments: url, purses, uploads. Its purses are those with odd numbers.
 */
import { on } from 'node:events'
import { PostgresBook } from '@kozeni/center/book-postgres'
import { plainAside } from '@kozeni/center/book-postgres-plain-aside'
import { growHeapFreely } from '@kozeni/center/heap'
import { macsOnThreads } from '@kozeni/center/mac-threads'
import { memoryVault } from '@kozeni/center/vault-memory'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { collecting } from './collecting.ts'
import { SEED } from './measure.ts'
import { Sales, SECOND, type Upload } from './receipts.ts'

/** The other half of those that upload at once. */
const TILLS = 100

growHeapFreely()
const [url = '', purses = '', uploads = ''] = process.argv.slice(2)
const vault = memoryVault(crypto, SEED, { rightMacs: macsOnThreads(crypto) })
const book = new PostgresBook({ url, plain: plainAside(url) })
const sales = new Sales(vault, SECOND)
const make = (): readonly Upload[] => sales.uploads(Number(uploads), Number(purses))
const collect = (all: readonly Upload[]): Promise<void> =>
  collecting('', { book, vault }, all, TILLS).run(() => undefined)
const tell = (said: unknown): unknown => process.send?.(said)

let made = make()
await collect(made) // warming up
tell('ready')
for await (const [what] of on(process, 'message')) {
  if (what === 'end') break
  if (what === 'make') made = make()
  if (what === 'collect') await collect(made)
  tell('done')
}
await book.close()
process.exit(0)
