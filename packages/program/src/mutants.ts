/**
 * Wrong purse programs, each wrong in one line: the line's text, what stands there instead, and the rule that this
 * breaks. `npm run mutants` builds every one and wants a story of the normal tests to fail on it. Mutants that nobody
 * could tell from the program are left out, and say why at the end.
 */
import { MUTANTS_OFFLINE } from './mutants-offline.ts'
import { MUTANTS_ONLINE } from './mutants-online.ts'
import type { Mutation } from './mutation.ts'

export interface Mutant {
  readonly file: string
  readonly rule: string
  readonly wrong: string
  /** One file of the program's source, as it is to be compiled. */
  readonly patch: (file: string, text: string) => string
}

/** All of them, in the order of their files. */
export const mutants: readonly Mutant[] = [MUTANTS_ONLINE, MUTANTS_OFFLINE].flatMap(mutations =>
  Object.entries(mutations).flatMap(([file, list]) => list.map(mutation => mutantOf(file, mutation))),
)

/** A bug, when the text is not exactly once in the file: then the source has moved on and the mutant must follow. */
function mutantOf(file: string, [rule, wrong, text, instead]: Mutation): Mutant {
  const patch: Mutant['patch'] = (name, source) => {
    if (name !== file) return source
    if (source.split(text).length !== 2) throw new Error(`${file} does not have "${text}" once`)
    return source.replace(text, () => instead)
  }
  return { file, rule, wrong, patch }
}

/** Not counted: no message, card or reading could tell them from the program. */
export const EQUIVALENT: readonly string[] = [
  'bytes.ts: `same` leaves at the first difference. Only the time differs, which the tests do not measure.',
  'head.ts: the head is written twice with the same content. Pages are written only where they differ (decision 4).',
  'records.ts: 22 pages for 20 records. One page more than is needed; every record within reach is the same.',
  'terminal.ts: the certificate’s version is looked at after its signature. Nobody but the issuer makes either word appear.',
  'operation.ts, debit.ts: the PIN is not forgotten once used. It is for one digest, number and seq in it; none comes twice.',
  'debit.ts: a void of a void is not looked for. Its sale has a void already, which is found first and refuses.',
  'terminal.ts: a certificate’s type is not looked at. The issuer signs nothing else of a till’s certificate’s length.',
  'message.ts: the wire’s version byte is compared before the tag. Both say mac-wrong.',
  'host.ts has declarations only, and nothing in it to be wrong but names, which then do not link.',
]
