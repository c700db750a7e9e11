/** One thread of the bench's auditor: its share of the purses of the book at the URL that it is given. */
import { parentPort, workerData } from 'node:worker_threads'
import { withPostgresArchive } from '@kozeni/center/archive-postgres'
import { auditPurses } from '@kozeni/center/audit'
import type { ThreadData, ThreadSays } from '@kozeni/center/audit-threads'
import { memoryVault } from '@kozeni/center/vault-memory'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { withoutLoads } from './audited.ts'
import { SEED } from './measure.ts'

const { share, own: url }: ThreadData<string> = workerData
const say = (said: ThreadSays): void => parentPort?.postMessage(said)
const vault = memoryVault(crypto, SEED)
const onProgress = (): void => say(1000)
say(await withPostgresArchive(url, archive => auditPurses({ crypto, vault, onProgress }, withoutLoads(archive)), share))
