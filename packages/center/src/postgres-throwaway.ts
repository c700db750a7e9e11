/** An embedded PostgreSQL in the system's temporary folder, for whoever tries something out: nothing of it stays. */
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from '@kozeni/base/assert'
import { ok, type Result } from '@kozeni/base/result'
import { type EmbeddedPostgres, startPostgres } from './postgres-embedded.ts'
import { explain, type PostgresRefusal } from './postgres-embedded-refusal.ts'

/** shutDown() keeps the folder, stop() removes it too. */
export interface ThrowawayPostgres extends EmbeddedPostgres {
  shutDown(): Promise<void>
}

/** Starts it. Throws when this machine cannot run it. */
export async function throwawayPostgres(): Promise<ThrowawayPostgres> {
  const started = await startThrowaway()
  assert(started.ok, started.ok ? '' : explain(started.refusal))
  return started.value
}

/**
 * Starts it, where it may be that this machine cannot run it.
 *
 * @refuses every PostgresRefusal; nothing is left then
 */
export async function startThrowaway(): Promise<Result<ThrowawayPostgres, PostgresRefusal>> {
  const wanted = join(tmpdir(), `kozeni-throwaway-${randomBytes(6).toString('hex')}`)
  const started = await startPostgres({ folder: wanted })
  if (!started.ok) {
    await remove(wanted)
    return started
  }
  const postgres = started.value
  const stop = async (): Promise<void> => {
    await postgres.stop()
    await remove(postgres.folder)
    await remove(wanted) // it may hold the other's name
  }
  return ok({ ...postgres, shutDown: () => postgres.stop(), stop })
}

const remove = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true })
