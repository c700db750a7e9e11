/** `kozeni store`: an affiliated store joins, and is paid out. */

import { randomUUID } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { registerStore, settle } from '@kozeni/api/routes-operator'
import { fetchTransport } from '@kozeni/api/transport-fetch'
import { currency } from '@kozeni/base/currency'
import { id, isId, type StoreId } from '@kozeni/base/ids'
import { publicKey } from '@kozeni/store/store-node'
import type { Command } from 'commander'
import { operatorCall } from './operator.ts'
import { giveUp, good, quiet, say, strong } from './say.ts'
import { centerOrigin, DEFAULT_CENTER, dataFolder } from './settings.ts'

interface StoreOptions {
  readonly center: string
  readonly fee: string
  readonly webhook?: string
}

/** Adds the command and its parts. */
export function addStore(program: Command): void {
  const store = program
    .command('store')
    .description('affiliated stores: let one join, settle it; a store’s own server uses the package @kozeni/store')
    .option('--center <url>', 'where the center is', process.env['KOZENI_CENTER'] ?? DEFAULT_CENTER)
  store
    .command('join')
    .description('register a store, and make its key in the data folder')
    .argument('<name>', 'as holders shall see it')
    .option('--fee <n>', 'what the issuer keeps, in hundredths of a percent', '150')
    .option('--webhook <url>', 'where the store hears of its payments')
    .action(join)
  store.command('settle').description('close the store’s window, and pay out').argument('<store>').action(close)
}

async function join(name: string, { fee, webhook }: StoreOptions, command: Command): Promise<void> {
  const folder = dataFolder(command)
  const { center } = command.optsWithGlobals<StoreOptions>()
  const home = folder.of('store')
  await mkdir(home, { recursive: true })
  const key = await publicKey(`${home}/key`)
  const body = {
    name,
    publicKey: key,
    currency: currency('JPY'),
    feeBasisPoints: Number(fee),
    ...(webhook && { webhookUrl: webhook }),
  }
  const joined = await operatorCall(
    centerOrigin(center),
    folder,
    fetchTransport,
  )(registerStore, { body, idempotencyKey: key.slice(-40) })
  if (!joined.ok) return giveUp(`The center refused: ${joined.refusal.code} ${JSON.stringify(joined.refusal.facts)}`)
  say(
    `${good('✓')} store ${strong(joined.value.store)}. ${quiet(`Its key is ${home}/key, its webhook secret ${joined.value.webhookSecret}`)}`,
  )
}

async function close(named: string, _: unknown, command: Command): Promise<void> {
  if (!isId(named)) return giveUp(`"${named}" is not a store’s name: sixteen hexadecimal digits.`)
  const { center } = command.optsWithGlobals<StoreOptions>()
  const call = operatorCall(centerOrigin(center), dataFolder(command), fetchTransport)
  const settled = await call(settle, { body: { store: id<StoreId>(named) }, idempotencyKey: randomUUID() })
  if (!settled.ok) return giveUp(`The center refused: ${settled.refusal.code}`)
  say(JSON.stringify(settled.value, null, 2))
}
