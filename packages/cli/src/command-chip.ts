/** `kozeni chip`: what a foundry does, and a look at a chip from outside. */

import { registerChips } from '@kozeni/api/routes-operator'
import { fetchTransport } from '@kozeni/api/transport-fetch'
import type { Command } from 'commander'
import { forgeChip, listPrograms, openChip } from './chip-file.ts'
import { operatorCall } from './operator.ts'
import { giveUp, good, quiet, say, strong } from './say.ts'
import { centerOrigin, DEFAULT_CENTER, dataFolder } from './settings.ts'
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
  const folder = dataFolder(command)
  const { as } = command.optsWithGlobals<ChipOptions>()
  const opened = openChip(folder.of(as))
  if (!opened.ok) return giveUp(opened.refusal)
  const programs = listPrograms(opened.value.chip, await existingVault(folder))
  opened.value.close()
  if (!programs.ok) return giveUp(programs.refusal)
  say(programs.value.length === 0 ? 'no programs' : programs.value.join('\n'))
}
