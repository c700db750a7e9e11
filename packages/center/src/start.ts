/**
 * The whole center on a PostgreSQL: reaches it, brings its tables up to date, opens book and views, listens and moves. For
 * the command line; the simulation builds its own from the same parts.
 */
import type { Bytes } from '@kozeni/base/bytes'
import { systemClock } from '@kozeni/base/clock'
import { systemDice } from '@kozeni/base/dice'
import { ok, type Result } from '@kozeni/base/result'
import { nodeCrypto, verifyAside } from '@kozeni/protocol/crypto-node'
import { PostgresBook } from './book-postgres.ts'
import { plainAside } from './book-postgres-plain-aside.ts'
import type { Center } from './center.ts'
import { type FundingSource, noFunding } from './funding.ts'
import { growHeapFreely } from './heap.ts'
import type { Marks } from './mark.ts'
import { type MigrationRefusal, migrate } from './migrate.ts'
import { FIRST_OPERATOR, type Operator, operatorOf } from './operators.ts'
import { defaultPolicy, type Policy } from './policy.ts'
import { type DatabaseRefusal, explainDatabase, reachDatabase } from './postgres-url.ts'
import { Sealer } from './sealer.ts'
import { type PortRefusal, type RunningCenter, serveCenter } from './serve-center.ts'
import type { ServerLimits } from './server.ts'
import type { Vault } from './vault.ts'
import { PostgresViews } from './views-postgres.ts'

export interface StartOptions {
  /** Of a PostgreSQL database, as a user who may make tables in it. */
  readonly url: string
  readonly vault: Vault
  /** Kept where a restore of the database does not reach: beside the vault. */
  readonly marks: Marks
  /** The purse program as it is delivered. */
  readonly module: Bytes
  readonly policy?: Policy
  /** Left out: every load is declined. */
  readonly funding?: FundingSource
  /** 0 for any that is free. */
  readonly port: number
  /** Left out: this machine alone. Others are let in through a proxy that ends TLS. */
  readonly host?: string
  /** Of the first operator. Left out, with `operators`: no operator is let in. */
  readonly operatorToken?: string | undefined
  /** The others, by name. */
  readonly operators?: readonly Operator[]
  readonly log?: Center['log']
  readonly limits?: ServerLimits
}

export type StartRefusal = DatabaseRefusal | MigrationRefusal | PortRefusal

/**
 * Starts the center.
 *
 * @returns where it listens, and how to stop it
 * @refuses every StartRefusal; explainStart has the sentence and the next step
 */
export async function startCenter(options: StartOptions): Promise<Result<RunningCenter, StartRefusal>> {
  growHeapFreely()
  const { url } = options
  const reached = await reachDatabase(url)
  if (!reached.ok) return reached
  const migrated = await migrate(url)
  if (!migrated.ok) return migrated
  const stores = { book: new PostgresBook({ url, plain: plainAside(url) }), views: new PostgresViews({ url }) }
  const close = async (): Promise<void> => {
    await Promise.all([stores.book.close(), stores.views.close()])
  }
  const running = await serveCenter({ ...withDefaults(options), ...stores })
  if (!running.ok) {
    await close()
    return running
  }
  const { origin, stop } = running.value
  const sealer = new Sealer(withDefaults(options))
  sealer.start()
  return ok({
    origin,
    stop: async () => {
      await stop()
      await sealer.stop()
      await close()
    },
  })
}

const withDefaults = ({ policy, funding, host, log, operatorToken, operators = [], ...given }: StartOptions) => ({
  ...given,
  crypto: nodeCrypto,
  verifyAside,
  clock: systemClock,
  dice: systemDice,
  policy: policy ?? defaultPolicy,
  funding: funding ?? noFunding,
  host: host ?? '127.0.0.1',
  operators: [...(operatorToken ? [operatorOf(nodeCrypto, FIRST_OPERATOR, operatorToken)] : []), ...operators],
  log: log ?? (() => undefined),
})

/** The refusal in a plain sentence, and what to do next. */
export function explainStart(refusal: StartRefusal): string {
  switch (refusal.code) {
    case 'database-newer':
      return `A newer center has been at work on this database (its tables are at ${refusal.found}, this center knows ${refusal.known}). Start that version.`
    case 'port-taken':
      return `Port ${refusal.port} of ${refusal.host} is taken. Stop what listens there, or choose another with --port.`
    case 'port-forbidden':
      return `This user may not listen on port ${refusal.port}. Choose one above 1023 with --port.`
    case 'host-unknown':
      return `${refusal.host} is no address of this machine. Choose another with --host.`
    default:
      return explainDatabase(refusal)
  }
}
