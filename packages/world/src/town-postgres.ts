/** A town whose book is in a real PostgreSQL, under the town's own clock. */
import type { Bytes } from '@kozeni/base/bytes'
import { withPostgresArchive } from '@kozeni/center/archive-postgres'
import { PostgresBook } from '@kozeni/center/book-postgres'
import { migrate } from '@kozeni/center/migrate'
import { PostgresViews } from '@kozeni/center/views-postgres'
import { TownWith } from './town.ts'

export type PostgresTown = TownWith<PostgresBook>

/**
 * @param url     of a database of the town's own; its tables are made here
 * @param module  the purse program
 */
export async function postgresTown(url: string, seed: number, module: Bytes): Promise<PostgresTown> {
  await migrate(url)
  return new TownWith(seed, module, clock => ({
    book: new PostgresBook({ url, now: () => clock.now() }),
    views: new PostgresViews({ url, connections: 1 }),
    read: work => withPostgresArchive(url, work),
  }))
}
