/** `kozeni terminal`: a till at a counter, on-line or alone, from the command line. */
import type { Report } from '@kozeni/api/meet'
import { registerTerminal } from '@kozeni/api/routes-operator'
import { fetchTransport } from '@kozeni/api/transport-fetch'
import { base64url, unhex } from '@kozeni/base/bytes'
import { id, isId, type StoreId } from '@kozeni/base/ids'
import { runTerminal, type TerminalOptions } from '@kozeni/terminal/till-server'
import type { Command } from 'commander'
import { operatorCall } from './operator.ts'
import { serveUntilEnd } from './parent.ts'
import { bad, complain, giveUp, good, quiet, say, strong } from './say.ts'
import { amountText, centerOrigin, DEFAULT_CENTER, dataFolder, portNumber } from './settings.ts'
import { runningIn, type Said, type Spoken, speak } from './speak.ts'
import { spellStatement } from './spell.ts'

interface TillOptions {
  readonly as: string
  readonly center: string
  readonly field: string
}

/** Adds the command and its parts. */
export function addTerminal(program: Command): void {
  const terminal = program
    .command('terminal')
    .description('a till at a counter: sells off-line, uploads when it can')
    .option('--as <name>', 'which till, of several in the data folder', 'terminal')
    .option('--center <url>', 'where the center is', process.env['KOZENI_CENTER'] ?? DEFAULT_CENTER)
    .option('--field <host:port>', 'where chips come: the field of a phone', '127.0.0.1:7078')
  terminal.command('join').description('certify this till for a store').argument('<store>').action(join)
  terminal
    .command('sell')
    .description('take an amount from the chip that taps')
    .argument('<amount>', 'in minor units: 300 is 300 yen')
    .action(sell)
  terminal
    .command('retry')
    .description('finish a sale whose end is not known: let the same chip tap again')
    .action(tap('POST /retry'))
  terminal.command('void').description('give the newest sale back to the chip that paid it').action(tap('POST /void'))
  terminal
    .command('not-given')
    .description('for ever: the goods of this sale were not and will not be given')
    .argument('<sale>', 'its number')
    .action(notGiven)
  terminal.command('upload').description('bring receipts to the center, fetch certificate and hotlist').action(upload)
  terminal
    .command('contact')
    .description('let the chip that taps meet the center: a load arrives, whatever was interrupted is led on')
    .action(contact)
  terminal
    .command('status')
    .description('offline since, list’s age, what is not uploaded, unresolved sales')
    .action(status)
  terminal
    .command('serve')
    .description('keep the till on')
    .option('--port <n>', 'for its clerk’s orders; 0: any', '0')
    .option('--with-parent', 'end when standard input closes')
    .action(serve)
}

async function join(store: string, _: unknown, command: Command): Promise<void> {
  if (!isId(store)) return giveUp(`"${store}" is not a store’s name: sixteen hexadecimal digits.`)
  const { center } = command.optsWithGlobals<TillOptions>()
  const known = await ask(command, { order: 'GET /status' })
  const publicKey = base64url(unhex(String(known['publicKey'])))
  const call = operatorCall(centerOrigin(center), dataFolder(command), fetchTransport)
  const joined = await call(registerTerminal, {
    body: { store: id<StoreId>(store), publicKey },
    idempotencyKey: publicKey.slice(-40),
  })
  if (!joined.ok) return giveUp(`The center refused: ${joined.refusal.code}`)
  await ask(command, { order: 'POST /certify', input: { terminal: joined.value.terminal } })
  say(`${good('✓')} terminal ${strong(joined.value.terminal)} of store ${store}`)
}

async function sell(amount: string, _: unknown, command: Command): Promise<void> {
  await tell(command, { order: 'POST /sell', input: { amount: amountText(amount) } })
}

const tap =
  (order: string) =>
  (_: unknown, command: Command): Promise<void> =>
    tell(command, { order })

async function notGiven(sale: string, _: unknown, command: Command): Promise<void> {
  const said = await ask(command, { order: 'POST /not-given', input: { sale: Number(sale) } })
  say(`sale ${String(said['sale'])}: ${String(said['stage'])}`)
}

/** An outcome in its own words; anything but done is a failure to scripts. */
async function tell(command: Command, spoken: Spoken): Promise<void> {
  const { outcome, says, sale } = await ask(command, spoken)
  const done = outcome === 'paid' || outcome === 'voided'
  say(`${done ? good('✓') : bad('✗')} ${String(says)} ${quiet(`(sale ${String(sale)})`)}`)
  process.exitCode = done ? 0 : 1
}

async function upload(_: unknown, command: Command): Promise<void> {
  const said = await ask(command, { order: 'POST /upload' })
  for (const [what, value] of Object.entries(said)) say(`${what.padEnd(16)} ${JSON.stringify(value)}`)
}

async function contact(_: unknown, command: Command): Promise<void> {
  const { report } = await ask(command, { order: 'POST /contact' })
  for (const line of report as Report) say(spellStatement(line))
  say(`${good('✓')} nothing is left to say`)
}

async function status(_: unknown, command: Command): Promise<void> {
  const said = await ask(command, { order: 'GET /status' })
  for (const [what, value] of Object.entries(said))
    say(`${what.padEnd(18)} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
}

/** Speaks an order to the till that runs, or to one that is started for it; or ends, with the reason. */
async function ask(command: Command, spoken: Spoken): Promise<Readonly<Record<string, unknown>>> {
  const said = await askTill(command, spoken)
  if (said.ok) return said.value
  complain(said.refusal.title)
  return giveUp(quiet(`(${said.refusal.code} ${JSON.stringify(said.refusal.facts)})`))
}

async function askTill(command: Command, spoken: Spoken): Promise<Said> {
  const options = optionsOf(command, 0)
  const running = await runningIn(options.folder)
  if (running) return answered(await speak(running, spoken))
  const till = await runTerminal(options)
  if (!till.ok) return giveUp(`The till did not start: ${till.refusal.code}.`)
  try {
    return answered(await speak(till.value, spoken))
  } finally {
    await till.value.stop()
  }
}

const answered = (said: Said | undefined): Said => said ?? giveUp('The till does not answer. Try again.')

async function serve(
  { port, withParent = false }: { port: string; withParent?: boolean },
  command: Command,
): Promise<void> {
  const till = await runTerminal(optionsOf(command, portNumber(port)))
  if (!till.ok) return giveUp(`The till did not start: ${till.refusal.code}.`)
  await serveUntilEnd(till.value.port, () => till.value.stop(), withParent)
}

function optionsOf(command: Command, port: number): TerminalOptions {
  const { as, center, field } = command.optsWithGlobals<TillOptions>()
  return { folder: dataFolder(command).of(as), port, center: centerOrigin(center), field }
}
