/**
 * A contact of the purpose that is named, by whoever may relay: every one of them heals whatever an earlier one left. Who
 * the relay is, its own way of posting says.
 */
import { ok, type Result } from '@kozeni/base/result'
import type { Reader } from '@kozeni/protocol/reader'
import type { Refusal } from '@kozeni/protocol/refusal'
import { relay } from './relay.ts'
import type { Answer, Input } from './route.ts'
import type { contact } from './routes-contact.ts'

/** One round, as it is posted. */
export type ContactRound = Input<typeof contact>['body']
export type ContactAnswer = Answer<typeof contact>
export type Purpose = NonNullable<ContactRound['purpose']>

/** What a contact tells people: flags and what they prove, steps of an installation, what became of loads. */
export type Report = ContactAnswer['report']

/** The center, as this relay reaches it. */
export type Post = (round: ContactRound) => Promise<Result<ContactAnswer, Refusal>>

/**
 * @param chip      disconnected afterwards
 * @param progress  sees what each round says
 * @returns         all that was said in this contact, in order
 * @refuses         as relay
 * @spec            F-7
 */
export async function meet(
  chip: Reader,
  post: Post,
  purpose: Purpose,
  progress: (report: Report) => void,
): Promise<Result<Report, Refusal>> {
  const said: Report = []
  const met = await relay<Report>(
    chip,
    ({ token, responses }) => post({ ...begun(token, purpose), responses: [...responses] }),
    report => {
      said.push(...report)
      progress(report)
    },
  )
  return met.ok ? ok(said) : met
}

const begun = (token: string | undefined, purpose: Purpose) => (token === undefined ? { purpose } : { token })
