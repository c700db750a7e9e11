/** `kozeni phone`: what a holder can ask for, from the command line. */

import type { Report } from '@kozeni/api/meet'
import { currency, show as money } from '@kozeni/base/currency'
import type { Command } from 'commander'
import { serveUntilEnd } from './parent.ts'
import { startPhone } from './phone-process.ts'
import { complain, giveUp, good, quiet, say, strong } from './say.ts'
import { amountText, centerOrigin, DEFAULT_CENTER, dataFolder, portNumber } from './settings.ts'
import { runningIn, type Said, type Spoken, speak } from './speak.ts'
import { spellStatement } from './spell.ts'

interface PhoneOptions {
  readonly as: string
  readonly center: string
}

/** Adds the command and its parts. */
export function addPhone(program: Command): void {
  const phone = program
    .command('phone')
    .description('a phone that carries a chip: installs, loads, pays, shows')
    .option('--as <name>', 'which phone, of several in the data folder', 'phone')
    .option('--center <url>', 'where the center is', process.env['KOZENI_CENTER'] ?? DEFAULT_CENTER)
  addOrders(phone)
  phone
    .command('serve')
    .description('keep the phone on, with its chip in the field of terminals')
    .option('--port <n>', 'for its holder’s orders; 0: any', '0')
    .option('--field-port <n>', 'for terminals; 0: any', '0')
    .option('--with-parent', 'end when standard input closes')
    .action(async (_: unknown, command: Command) => serve(command))
}

function addOrders(phone: Command): void {
  phone.command('install').description('make the blank chip a purse; goes on where it was interrupted').action(install)
  phone
    .command('load')
    .description('pay for value and bring it onto the chip')
    .argument('<amount>', 'in minor units: 5000 is 5,000 yen')
    .option('--method <name>', 'how it is paid, in the provider’s words', 'pm_card_visa')
    .option('--in-parts', 'what the chip has no room for waits, and comes in parts', false)
    .action(async (amount: string, { method, inParts }: { method: string; inParts: boolean }, command: Command) => {
      const said = await ask(command, { order: 'POST /load', input: { amount: amountText(amount), method, inParts } })
      say(`${good('✓')} loaded ${amount}. ${quiet(`The load is called ${nested(said, 'load', 'load')}.`)}`)
    })
  phone
    .command('pay')
    .description('pay by a store’s link')
    .argument('<link>', 'kozeni:pay?…')
    .action(async (link: string, _: unknown, command: Command) => pay(link, command))
  phone
    .command('move')
    .description('leave this purse for another of yours; or, with --from, bring here what was on another')
    .option('--to <purse>', 'the purse to go to; it may be named later')
    .option('--from <purse>', 'the purse that is left')
    .action(move)
  phone.command('show').description('what the chip holds, read from the chip, with no network').action(show)
  phone.command('history').description('the chip’s last debits, read from the chip').action(history)
  phone.command('recover').description('one contact with the center: heals whatever was interrupted').action(recover)
  phone.command('freeze').description('no pays and debits until unfreeze').action(freeze(true))
  phone.command('unfreeze').description('pays and debits again').action(freeze(false))
}

async function install(_: unknown, command: Command): Promise<void> {
  await ask(command, { order: 'POST /register' })
  const said = await ask(command, { order: 'POST /install' })
  say(`${good('✓')} the chip is purse ${strong(String(said['purse']))}`)
}

async function pay(link: string, command: Command): Promise<void> {
  const offer = await ask(command, { order: 'POST /read', input: { link } })
  say(
    `${nested(offer, 'transaction', 'amount')} ${nested(offer, 'transaction', 'currency')} to store ${nested(offer, 'transaction', 'store')}`,
  )
  const said = await ask(command, { order: 'POST /pay', input: { link } })
  const { verdict, proof } = said
  say(verdict === 'paid' ? `${good('✓')} paid` : String(verdict))
  if (typeof proof === 'string') say(quiet(`proof for the store: ${proof}`))
}

async function move({ from, to }: { from?: string; to?: string }, command: Command): Promise<void> {
  const input = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
  const { move: standing } = await ask(command, { order: 'POST /move', input })
  const { stage, value, moves = [] } = standing as { stage?: string; value?: string; moves?: readonly Part[] }
  for (const { amount, delivered, to: there } of moves)
    say(`  ${amount} taken off it, ${delivered} of it on ${there ?? 'no other purse yet: name one with --to'}`)
  say(stage === 'retired' ? `${good('✓')} the purse is empty and retired` : `${value} are on it still: repeat this`)
}

interface Part {
  readonly amount: string
  readonly delivered: string
  readonly to?: string
}

async function show(_: unknown, command: Command): Promise<void> {
  const said = await ask(command, { order: 'GET /show' })
  const letters = currency(String(said['currency']))
  say(`${strong(money(BigInt(String(said['value'])), letters))} on purse ${String(said['purse'])}`)
  const marks = [
    said['blocked'] && 'blocked',
    said['frozen'] && 'frozen',
    said['flag'] && 'an operation waits to be confirmed',
  ]
  for (const mark of marks.filter(Boolean)) say(`  ${String(mark)}`)
}

async function history(_: unknown, command: Command): Promise<void> {
  const rows = Object.values(await ask(command, { order: 'GET /history', input: { count: 20 } }))
  if (rows.length === 0) say('no debits yet')
  for (const row of rows) {
    const { seq, kind, amount, currency: letters, terminal, time } = row as Readonly<Record<string, unknown>>
    const when = new Date(Number(time) * 1000).toLocaleString()
    say(
      `${String(seq).padStart(4)}  ${String(kind).padEnd(5)} ${money(BigInt(String(amount)), currency(String(letters)))}  at ${String(terminal)}  ${quiet(when)}`,
    )
  }
}

async function recover(_: unknown, command: Command): Promise<void> {
  const said = await ask(command, { order: 'POST /recover' })
  const contact = said['contact'] as {
    readonly ok?: boolean
    readonly value?: Report
    readonly refusal?: { code: string }
  }
  for (const line of contact.value ?? []) say(spellStatement(line))
  if (contact.ok === false) giveUp(`the contact did not end: ${contact.refusal?.code}. Repeat it.`)
  say(`${good('✓')} nothing is left to say`)
}

const freeze =
  (frozen: boolean) =>
  async (_: unknown, command: Command): Promise<void> => {
    await ask(command, { order: 'POST /freeze', input: { frozen } })
    say(`${good('✓')} ${frozen ? 'frozen' : 'unfrozen'}`)
  }

/** Speaks an order to the phone that runs, or to one that is started for it; or ends, with the reason. */
async function ask(command: Command, spoken: Spoken): Promise<Readonly<Record<string, unknown>>> {
  const said = await askPhone(command, spoken)
  if (said.ok) return said.value
  complain(said.refusal.title)
  return giveUp(quiet(`(${said.refusal.code} ${JSON.stringify(said.refusal.facts)})`))
}

async function askPhone(command: Command, spoken: Spoken): Promise<Said> {
  const { folder, center } = place(command)
  const running = await runningIn(`${folder}/device`)
  if (running) return answered(await speak(running, spoken))
  const phone = await startPhone({ folder, center, port: 0, fieldPort: 0, progress: tell })
  if (!phone.ok) return giveUp(phone.refusal)
  try {
    return answered(await speak(phone.value, spoken))
  } finally {
    await phone.value.stop()
  }
}

const answered = (said: Said | undefined): Said => said ?? giveUp('The phone does not answer. Try again.')

const tell = (report: Report): void => {
  for (const line of report) say(`  ${spellStatement(line)}`)
}

async function serve(command: Command): Promise<void> {
  const {
    port,
    fieldPort,
    withParent = false,
  } = command.opts<{ port: string; fieldPort: string; withParent?: boolean }>()
  const { folder, center } = place(command)
  const phone = await startPhone({ folder, center, port: portNumber(port), fieldPort: portNumber(fieldPort) })
  if (!phone.ok) return giveUp(phone.refusal)
  say(quiet(`terminals find the chip on port ${phone.value.fieldPort}`))
  await serveUntilEnd(phone.value.port, () => phone.value.stop(), withParent)
}

function place(command: Command): { folder: string; center: string } {
  const { as, center } = command.optsWithGlobals<PhoneOptions>()
  return { folder: dataFolder(command).of(as), center: centerOrigin(center) }
}

function nested(said: Readonly<Record<string, unknown>>, outer: string, inner: string): string {
  const value = said[outer]
  return typeof value === 'object' && value !== null ? String((value as Readonly<Record<string, unknown>>)[inner]) : ''
}
