/** `kozeni keys`: which versions of the purses' keys there are, a further one, and an end to one that nothing uses. */
import { systemDice } from '@kozeni/base/dice'
import { defaultPolicy } from '@kozeni/center/policy'
import { isRevocable } from '@kozeni/center/proposal-revocation'
import { type KeyUse, type NotYet, whyNotRevoke } from '@kozeni/center/purse-keys'
import { withNewVersion, withoutVersion } from '@kozeni/center/vault-master'
import { PostgresViews } from '@kozeni/center/views-postgres'
import type { Command } from 'commander'
import { openDatabase } from './database.ts'
import { giveUp, good, quiet, say, strong } from './say.ts'
import { dataFolder } from './settings.ts'
import { changeVaultIn, existingVault } from './vault.ts'

/** Six times as long as a center takes to notice that the vault has changed (pulse.ts). */
const NOTICED_MS = 60_000
const GRACE_MS = defaultPolicy.maxOfflineMs + 86_400_000

/** Adds the command and its parts. */
export function addKeys(program: Command): void {
  const keys = program.command('keys').description('the versions of the purses’ keys, and how many purses have which')
  keys
    .option('--database-url <url>', 'a PostgreSQL; default: DATABASE_URL, else the embedded one of the data folder')
    .action(show)
  keys
    .command('rotate')
    .description('make a further version; chips get it at their next installation contact')
    .action(rotate)
  keys
    .command('revoke')
    .description(
      'destroy a version that no chip accepts and no receipt can bear any more, as two operators have decided',
    )
    .argument('<version>')
    .action(revoke)
}

async function show(_: unknown, command: Command): Promise<void> {
  const vault = await existingVault(dataFolder(command))
  say(`${strong(`version ${vault.keyVersion}`)} is the newest in use`)
  for (const { version, floor, settled, purses } of (await known(command)).uses) {
    const told = settled ? '' : ', not told yet'
    say(`  ${purses} purses have version ${version} and accept ${floor} and newer${told}`)
  }
}

async function rotate(_: unknown, command: Command): Promise<void> {
  const from = Date.now() + NOTICED_MS
  const { keys } = await changeVaultIn(dataFolder(command), before => withNewVersion(before, systemDice, from))
  say(`${good('✓')} version ${keys.operations.length} is made; centers use it from ${new Date(from).toISOString()} on`)
  say(quiet('Back the vault up now: purses that get this version cannot be spoken to without it.'))
}

async function revoke(named: string, _: unknown, command: Command): Promise<void> {
  const folder = dataFolder(command)
  const version = /^[1-9]\d{0,2}$/.test(named) ? Number(named) : giveUp(`A version is a whole number, not ${named}.`)
  const { keyVersion } = await existingVault(folder)
  const { uses, isDecided } = await known(command, version)
  const reason = whyNotRevoke(version, uses, { keyVersion, now: Date.now(), graceMs: GRACE_MS })
  if (reason !== undefined) return giveUp(explained(version, reason))
  if (!isDecided)
    return giveUp(
      `Two operators have to decide it. One proposes: POST /v1/operator/proposals {"what": "revocation", "version": ${version}, "reason": "…"}; another confirms.`,
    )
  await changeVaultIn(folder, before => withoutVersion(before, version))
  say(`${good('✓')} version ${version} is revoked and its keys are gone`)
}

function explained(version: number, why: NotYet): string {
  if (why.reason === 'newest') return `Version ${version} is in use. Make a further one first: kozeni keys rotate.`
  if (why.reason === 'accepted-by-chips')
    return `${why.purses} purses accept version ${version} still. They leave it at their next contacts; what never comes back is lost (F-11).`
  return `A till that has been off-line may bring receipts under version ${version} until ${new Date(why.until).toISOString()}.`
}

/** How purses stand with their keys, and whether two operators have decided to revoke this version. */
async function known(command: Command, version?: number): Promise<{ uses: readonly KeyUse[]; isDecided: boolean }> {
  const { databaseUrl } = command.optsWithGlobals<{ databaseUrl?: string }>()
  const database = await openDatabase(dataFolder(command), databaseUrl)
  if (!database.ok) return giveUp(database.refusal)
  const views = new PostgresViews({ url: database.value.url, connections: 1 })
  try {
    return { uses: await views.keyUses(), isDecided: version !== undefined && (await isRevocable(views, version)) }
  } finally {
    await views.close()
    await database.value.stop()
  }
}
