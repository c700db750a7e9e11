/**
 * A second center process on the same database, for the bench: makes its uploads, says `ready`, and takes them in as soon
 * as anything comes over its input. Arguments: url, purses, uploads. Its purses are the upper half of those that there are.
 */
import { once } from 'node:events'
import { PostgresBook } from '@kozeni/center/book-postgres'
import { plainAside } from '@kozeni/center/book-postgres-plain-aside'
import { macsOnThreads } from '@kozeni/center/mac-threads'
import { memoryVault } from '@kozeni/center/vault-memory'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { collecting } from './collecting.ts'
import { SEED } from './measure.ts'
import { Sales, SECOND } from './receipts.ts'

/** The other half of those that upload at once. */
const TILLS = 100

const [url = '', purses = '', uploads = ''] = process.argv.slice(2)
const vault = memoryVault(crypto, SEED, { rightMacs: macsOnThreads(crypto) })
const book = new PostgresBook({ url, plain: plainAside(url) })
const sales = new Sales(vault, SECOND)
await collecting('', { book, vault }, sales.uploads(Number(uploads), Number(purses)), TILLS).run(() => undefined) // warming up
const made = sales.uploads(Number(uploads), Number(purses))
process.stdout.write('ready\n')
await once(process.stdin, 'data')
await collecting('', { book, vault }, made, TILLS).run(() => undefined)
await book.close()
process.exit(0)
