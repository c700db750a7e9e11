/** One thread of `kozeni audit`: its share of the purses, with the vault of the folder that it is told of. */
import { parentPort, workerData } from 'node:worker_threads'
import { withPostgresArchive } from '@kozeni/center/archive-postgres'
import { auditPurses } from '@kozeni/center/audit'
import type { ThreadData, ThreadSays } from '@kozeni/center/audit-threads'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { openDataFolder } from './data-folder.ts'
import { giveUp } from './say.ts'
import { existingVault } from './vault.ts'

/** What `kozeni audit` tells its threads. */
export interface AuditThread {
  readonly url: string
  /** The data folder. */
  readonly folder: string
}

const { share, own }: ThreadData<AuditThread> = workerData
const say = (said: ThreadSays): void => parentPort?.postMessage(said)
const folder = openDataFolder(own.folder)
const vault = await existingVault(folder.ok ? folder.value : giveUp(folder.refusal.says))
const onProgress = (): void => say(1000)
say(await withPostgresArchive(own.url, archive => auditPurses({ crypto, vault, onProgress }, archive), share))
