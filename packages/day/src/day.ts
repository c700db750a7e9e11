/** What every step of the day works with, and how steps ask and compare. */

import type { Report } from '@kozeni/api/meet'
import type { Vault } from '@kozeni/center/vault'
import type { Said } from '@kozeni/cli/speak'
import { spellStatement } from '@kozeni/cli/spell'
import { until } from './process.ts'
import type { Screen } from './screen.ts'
import type { Phone, Town } from './town.ts'

export interface Day {
  readonly town: Town
  readonly screen: Screen
  readonly vault: Vault
  /** Of this day; names of phones bear it. */
  readonly number: number
  readonly sessionSeconds: number
}

/** What the chip says it holds, with no network. */
export async function held(phone: Phone): Promise<bigint> {
  const shown = await phone.ask('GET /show')
  return shown.ok ? BigInt(String(shown.value['value'])) : -1n
}

/** The code of a refusal, or 'done'. */
export const codeOf = (said: Said): string => (said.ok ? 'done' : said.refusal.code)

/** One contact that heals, as soon as the center can be reached: its lines go to the screen. @returns the first pair of flags and what it proved */
export async function recover({ screen }: Day, phone: Phone): Promise<string> {
  let report: Report = []
  await until(async () => {
    const said = await phone.insist('POST /recover')
    const contact = said.ok ? (said.value['contact'] as { ok: boolean; value?: Report }) : undefined
    report = contact?.value ?? []
    return contact?.ok === true
  })
  for (const line of report) screen.note(spellStatement(line))
  const [first] = report.filter(line => line.about === 'flags')
  return first ? `${first.flags.chip},${first.flags.center} ${first.proves}` : 'nobody was reached'
}
