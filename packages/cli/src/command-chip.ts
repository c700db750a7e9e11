/** `kozeni chip`: what a foundry does, a look at a chip from outside, and the chip in other people's readers. */

import { registerChips } from '@kozeni/api/routes-operator'
import { fetchTransport } from '@kozeni/api/transport-fetch'
import { insertIntoVpcd, serveTcp } from '@kozeni/chip/serve-tcp'
import { VPCD_PORT } from '@kozeni/protocol/vpcd'
import type { Command } from 'commander'
import { forgeChip, listPrograms, type OpenChip, openChip } from './chip-file.ts'
import { operatorCall } from './operator.ts'
import { serveUntilEnd } from './parent.ts'
import { giveUp, good, quiet, say, strong } from './say.ts'
import { centerOrigin, DEFAULT_CENTER, dataFolder, portNumber } from './settings.ts'
import { existingVault } from './vault.ts'

interface ChipOptions {
  readonly as: string
}

/** Adds the command and its parts. */
export function addChip(program: Command): void {
  const chip = program
    .command('chip')
    .description('a software chip in a file: forge it blank, list what is on it')
    .option('--as <name>', 'whose chip, of several in the data folder', 'phone')
  chip
    .command('forge')
    .description('make a blank chip, and report it to the center as its foundry does')
    .option('--center <url>', 'where the center is', process.env['KOZENI_CENTER'] ?? DEFAULT_CENTER)
    .action(forge)
  chip.command('list').description('what the card manager lists, over a secure channel').action(list)
  chip
    .command('serve')
    .description('offer the chip over TCP on this machine, to one client at a time')
    .option('--port <n>', 'where; 0: any', '0')
    .option('--radio', 'as a terminal reaches it, without the card manager')
    .option('--with-parent', 'end when standard input closes')
    .action(serve)
  chip
    .command('insert')
    .description('put the chip into a virtual reader, so that every PC/SC program on this machine sees a card')
    .option('--vpcd <host:port>', 'where vsmartcard’s reader listens', `127.0.0.1:${VPCD_PORT}`)
    .action(insert)
}

async function forge({ center }: { center: string }, command: Command): Promise<void> {
  const folder = dataFolder(command)
  const { as } = command.optsWithGlobals<ChipOptions>()
  const call = operatorCall(centerOrigin(center), folder, fetchTransport)
  const forged = forgeChip(folder.of(as), await existingVault(folder))
  if (!forged.ok) return giveUp(forged.refusal)
  const told = await call(registerChips, { body: { chips: [{ chip: forged.value, chipClass: 'software' }] } })
  if (!told.ok)
    return giveUp(`The chip is forged; the center was not told (${told.refusal.code}). Start it, then forge another.`)
  say(`${good('✓')} a blank chip, ${strong(forged.value)}. ${quiet('Make it a purse: kozeni phone install')}`)
}

async function list(_: unknown, command: Command): Promise<void> {
  const { chip, close } = chipOf(command)
  const programs = listPrograms(chip, await existingVault(dataFolder(command)))
  close()
  if (!programs.ok) return giveUp(programs.refusal)
  say(programs.value.length === 0 ? 'no programs' : programs.value.join('\n'))
}

interface ServeOptions {
  readonly port: string
  readonly radio?: boolean
  readonly withParent?: boolean
}

async function serve({ port, radio, withParent = false }: ServeOptions, command: Command): Promise<void> {
  const { chip, close } = chipOf(command)
  const field = await serveTcp(chip, portNumber(port), radio ? 'radio' : 'wire').catch(() =>
    giveUp(`Port ${port} is in use. Stop what uses it, or choose another with --port.`),
  )
  await serveUntilEnd(field.port, () => field.close(), withParent)
  close()
}

async function insert({ vpcd }: { vpcd: string }, command: Command): Promise<void> {
  const [, host = '', port = ''] = /^(.+):(\d+)$/.exec(vpcd) ?? []
  if (host === '') return giveUp(`"${vpcd}" is no address. Write it like 127.0.0.1:${VPCD_PORT}.`)
  const { chip, close } = chipOf(command)
  const inserted = await insertIntoVpcd(chip, host, portNumber(port)).catch(() => giveUp(noReader(vpcd)))
  say(`${good('✓')} the chip is in the virtual reader. ${quiet('Ctrl-C takes it out; see it: opensc-tool --atr')}`)
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, inserted.takeOut)
  await inserted.ended
  close()
  say('The chip is out of the reader.')
}

const noReader = (vpcd: string): string => `No virtual reader listens at ${vpcd}.
  Install one: sudo apt-get install --no-install-recommends pcscd vsmartcard-vpcd
  Start it:    sudo pcscd   (or: sudo systemctl start pcscd; opensc-tool --list-readers wakes one that sleeps)`

/** The chip that the command means; or the end, with the next step. */
function chipOf(command: Command): OpenChip {
  const { as } = command.optsWithGlobals<ChipOptions>()
  const opened = openChip(dataFolder(command).of(as))
  return opened.ok ? opened.value : giveUp(opened.refusal)
}
