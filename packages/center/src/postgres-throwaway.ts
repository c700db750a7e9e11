/** An embedded PostgreSQL in the system's temporary folder, for whoever tries something out: nothing of it stays. */
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from '@kozeni/base/assert'
import { type EmbeddedPostgres, startPostgres } from './postgres-embedded.ts'
import { explain } from './postgres-embedded-refusal.ts'

/** shutDown() keeps the folder, stop() removes it too. */
export interface ThrowawayPostgres extends EmbeddedPostgres {
  shutDown(): Promise<void>
}

/** Starts it. Throws when this machine cannot run it. */
export async function throwawayPostgres(): Promise<ThrowawayPostgres> {
  const folder = join(tmpdir(), `kozeni-throwaway-${randomBytes(6).toString('hex')}`)
  const started = await startPostgres({ folder })
  assert(started.ok, started.ok ? '' : explain(started.refusal))
  const postgres = started.value
  return {
    ...postgres,
    shutDown: () => postgres.stop(),
    stop: async () => {
      await postgres.stop()
      await rm(postgres.folder, { recursive: true, force: true })
    },
  }
}
