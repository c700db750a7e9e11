/** A contact's report in plain words: the pair of flags, what it proves, and the one action that leads on. */
import type { Report } from '@kozeni/api/meet'

type Statement = Report[number]

const PROVES = {
  'at-rest': 'at rest',
  'recorded-not-executed': 'recorded at the center, not done on the chip',
  'executed-not-closed': 'done on the chip, not closed at the center',
  'closed-not-confirmed': 'closed at the center, not confirmed on the chip',
} as const

const ACTION = {
  none: 'nothing to do',
  read: 'ask the chip where it stands',
  'send-command': 'send the command',
  'resend-command': 'send the command again',
  'send-abort': 'send the abort',
  'send-confirm': 'send the confirm',
  'send-settings': 'send the settings',
  'send-fence': 'send the fence',
} as const

/** One line for a screen. */
export function spellStatement(line: Statement): string {
  if (line.about === 'installation') return `installation: ${line.step} done, the purse is ${line.stage}`
  if (line.about === 'load') return `load of ${line.amount} ${line.currency}: ${line.stage}`
  if (line.about === 'settings') return `settings ${line.settings} are on the chip${line.blocked ? ': blocked' : ''}`
  const { flags, proves, action, operation } = line
  const about = operation ? `, ${operation.kind} ${operation.number} of ${operation.amount} ${operation.currency}` : ''
  return `flags (chip ${flags.chip}, center ${flags.center}): ${PROVES[proves]}${about} → ${ACTION[action]}`
}
