/** Which rows of PROTOCOL §3’s recovery table a contact has taken, by what the center reports of it. */
import type { Report } from '@kozeni/api/meet'

type Flags = Extract<Report[number], { about: 'flags' }>

/**
 * A contact that begins with an operation still open, or not confirmed, recovers it; one opened in this very contact, or
 * just before it for the first time, looks the same as one whose command was lost: both take the same step.
 */
export function recoveriesIn(report: Report): readonly string[] {
  const [first, ...rest] = report.filter(said => said.about === 'flags')
  if (first === undefined || first.proves === 'at-rest') return []
  return [rowOf(first, rest)]
}

function rowOf(first: Flags, rest: readonly Flags[]): string {
  const { operation, flags } = first
  if (operation === undefined) return flags.chip === 1 ? 'closed, confirm lost: send CONFIRM' : 'at rest'
  const { kind, decision } = operation
  const outcome = rest.find(said => said.operation?.number === operation.number)?.operation?.outcome
  const where = flags.chip === 1 ? 'result lost' : 'command not executed'
  const told = outcome === undefined || outcome === 'none' ? '' : `, ${outcome}`
  return `${kind} ${decision === 'void' ? 'cancelled or over' : 'open'}, ${where}: ${first.action}${told}`
}
