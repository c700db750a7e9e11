/** `kozeni center`: the electronic-money server. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { base64url } from '@kozeni/base/bytes'
import { systemClock } from '@kozeni/base/clock'
import { systemDice } from '@kozeni/base/dice'
import { type FundingSource, noFunding } from '@kozeni/center/funding'
import { StripeFunding } from '@kozeni/center/funding-stripe'
import { fileMarks } from '@kozeni/center/mark-file'
import { defaultPolicy } from '@kozeni/center/policy'
import { explainStart, startCenter } from '@kozeni/center/start'
import { builtPurse } from '@kozeni/program/compile-node'
import type { Command } from 'commander'
import { operatorsIn } from './command-operators.ts'
import type { DataFolder } from './data-folder.ts'
import { openDatabase } from './database.ts'
import { serveUntilEnd } from './parent.ts'
import { giveUp, quiet, say } from './say.ts'
import { DEFAULT_PORT, dataFolder, operatorTokenPath, portNumber } from './settings.ts'
import { vaultFor } from './vault.ts'

interface CenterOptions {
  readonly port: string
  readonly host: string
  readonly databaseUrl?: string
  readonly provider?: string
  readonly sessionSeconds: string
  readonly withParent?: boolean
  readonly log?: boolean
}

/** Adds the command. */
export function addCenter(program: Command): void {
  program
    .command('center')
    .description('the electronic-money server: purses, loads, pays, receipts, settlement, over HTTP')
    .option('--port <n>', 'where it listens; 0: any', String(DEFAULT_PORT))
    .option('--host <address>', 'where it listens; others are let in through a proxy that ends TLS', '127.0.0.1')
    .option('--database-url <url>', 'a PostgreSQL 15–18; default: DATABASE_URL, else an embedded one')
    .option('--provider <url>', 'a double of the card provider; default: the provider itself, by STRIPE_SECRET_KEY')
    .option('--session-seconds <n>', 'how long a payment may stay open, at most 60', '60')
    .option('--with-parent', 'end when standard input closes')
    .option('--no-log', 'say nothing of what is answered')
    .action(async (options: CenterOptions, command: Command) => serve(options, dataFolder(command)))
}

async function serve(options: CenterOptions, folder: DataFolder): Promise<void> {
  const database = await openDatabase(folder, options.databaseUrl)
  if (!database.ok) return giveUp(database.refusal)
  const center = await startCenter({
    url: database.value.url,
    vault: await vaultFor(folder, database.value.url),
    marks: fileMarks(join(folder.of('center'), 'mark.json')),
    module: await builtPurse(),
    policy: { ...defaultPolicy, sessionMs: sessionMs(options.sessionSeconds) },
    funding: fundingOf(options.provider),
    port: portNumber(options.port),
    host: options.host,
    operatorToken: ownToken(folder),
    operators: operatorsIn(folder),
    ...(options.log === false ? {} : { log: writeLog }),
  })
  if (!center.ok) {
    await database.value.stop()
    return giveUp(explainStart(center.refusal))
  }
  const { origin, stop } = center.value
  say(quiet(`the center is at ${origin}, its reference at ${origin}/reference`))
  await serveUntilEnd(
    Number(new URL(origin).port),
    () => stop().then(() => database.value.stop()),
    options.withParent ?? false,
  )
}

function sessionMs(text: string): number {
  const seconds = Number(text)
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= 60) return seconds * 1000
  return giveUp(`A session of "${text}" seconds is not possible: from 1 to 60.`)
}

/** The provider's double when one is named; the provider when its keys are there; else every load is declined. */
function fundingOf(double: string | undefined): FundingSource {
  const { STRIPE_SECRET_KEY: secretKey, STRIPE_WEBHOOK_SECRET: webhookSecret } = process.env
  if (double !== undefined)
    return doubled(new URL(double), secretKey ?? 'sk_test_sandbox', webhookSecret ?? 'whsec_sandbox')
  if (secretKey === undefined) return noFunding
  return webhookSecret === undefined
    ? giveUp(
        'STRIPE_SECRET_KEY is set and STRIPE_WEBHOOK_SECRET is not: anybody could say that they have paid. Set both.',
      )
    : new StripeFunding({ secretKey, webhookSecret, clock: systemClock })
}

function doubled({ hostname, port, protocol }: URL, secretKey: string, webhookSecret: string): FundingSource {
  const double = { host: hostname, port: Number(port), protocol: protocol === 'https:' ? 'https' : 'http' } as const
  return new StripeFunding({ secretKey, webhookSecret, clock: systemClock, double })
}

/** Made at the first start; only the folder's owner can read it. */
function ownToken(folder: DataFolder): string {
  const given = process.env['KOZENI_OPERATOR_TOKEN']
  if (given) return given
  const path = operatorTokenPath(folder)
  if (!existsSync(path)) writeFileSync(path, base64url(systemDice.bytes(24)), { mode: 0o600 })
  return readFileSync(path, 'utf8').trim()
}

function writeLog(level: string, message: string, facts: Readonly<Record<string, unknown>>): void {
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), level, message, ...facts })}\n`)
}
