/** Prepared once, copied for every restore: a cluster with everybody's rows in it, and the memories of their chips. */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { databaseUrl, type EmbeddedPostgres } from '@kozeni/center/postgres-embedded'
import { throwawayPostgres } from '@kozeni/center/postgres-throwaway'
import { prepareScene, type Scene } from './bank-scene.ts'
import { copy, startCluster } from './cluster.ts'

const NAME = 'town'

export interface Prepared {
  readonly scene: Scene
  /** A cluster of its own with the scene's database in it, started; @param change  what is done to its files before */
  start(folder: string, change: (folder: string) => Promise<void>): Promise<EmbeddedPostgres>
  /** A folder for clusters and archives; all of them end with close(). */
  folder(name: string): string
  close(): Promise<void>
}

/** @param purses  how many are installed */
export async function prepareClusters(purses: number, seed: number): Promise<Prepared> {
  const home = await mkdtemp(join(tmpdir(), 'kozeni-restore-'))
  await chmod(home, 0o755) // PostgreSQL's account has to get in
  const folder = (name: string): string => join(home, name)
  const original = await throwawayPostgres()
  const scene = await prepareScene(original.url, purses, seed)
  await scene.database(NAME)
  await original.shutDown()
  return {
    scene,
    folder,
    start: async (to, change) => {
      await copy(original.folder, to)
      await change(to)
      return await startCluster(to)
    },
    close: async () => {
      await original.stop()
      await rm(home, { recursive: true, force: true })
    },
  }
}

/** Where the town's rows are in a cluster. */
export const townIn = ({ url }: EmbeddedPostgres): string => databaseUrl(url, NAME)
