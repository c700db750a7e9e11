/**
 * `kozeni restored`: an operator says that the database was put back from a backup. The center notices by itself what lies
 * behind its last heartbeat; less than that only an operator can know (F-12).
 */
import { join } from 'node:path'
import { PostgresBook } from '@kozeni/center/book-postgres'
import { fileMarks } from '@kozeni/center/mark-file'
import { migrate } from '@kozeni/center/migrate'
import { declareRestored } from '@kozeni/center/restore'
import type { Command } from 'commander'
import { openDatabase } from './database.ts'
import { giveUp, good, say } from './say.ts'
import { dataFolder } from './settings.ts'

/** Adds the command. */
export function addRestored(program: Command): void {
  program
    .command('restored')
    .description('after a database was put back from a backup, before a center starts: begin a new epoch')
    .option('--database-url <url>', 'a PostgreSQL; default: DATABASE_URL, else the embedded one of the data folder')
    .action(run)
}

async function run({ databaseUrl }: { readonly databaseUrl?: string }, command: Command): Promise<void> {
  const folder = dataFolder(command)
  const database = await openDatabase(folder, databaseUrl)
  if (!database.ok) return giveUp(database.refusal)
  const { url, stop } = database.value
  const migrated = await migrate(url)
  if (!migrated.ok) return giveUp(`The database was left as it is: ${migrated.refusal.code}.`)
  const book = new PostgresBook({ url })
  const { epoch } = await declareRestored({ book, marks: fileMarks(join(folder.of('center'), 'mark.json')) })
  await book.close()
  await stop()
  say(`${good('✓')} epoch ${epoch} has begun: every purse and every store is fenced at its next contact`)
}
