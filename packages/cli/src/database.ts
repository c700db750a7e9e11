/** The database a command works on: yours, by DATABASE_URL or --database-url, or an embedded PostgreSQL in the data folder. */
import { no, ok, type Result } from '@kozeni/base/result'
import { startPostgres } from '@kozeni/center/postgres-embedded'
import { explain } from '@kozeni/center/postgres-embedded-refusal'
import type { DataFolder } from './data-folder.ts'
import { quiet, say } from './say.ts'

export interface Database {
  readonly url: string
  stop(): Promise<void>
}

/**
 * @param named     by the command line; else DATABASE_URL; else an embedded one is started
 * @param progress  whether its start is told
 */
export async function openDatabase(
  folder: DataFolder,
  named: string | undefined,
  progress = true,
): Promise<Result<Database, string>> {
  const url = named ?? process.env['DATABASE_URL']
  if (url) return ok({ url, stop: async () => undefined })
  const onProgress = (line: string): void => {
    if (progress) say(quiet(line))
  }
  const started = await startPostgres({ folder: folder.of('postgres'), onProgress })
  return started.ok ? ok({ url: started.value.url, stop: () => started.value.stop() }) : no(explain(started.refusal))
}
