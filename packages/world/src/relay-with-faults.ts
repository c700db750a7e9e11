/**
 * A relay that loses things on demand: what the center answered (it has committed and the chip never hears), or what the
 * chip answered (it has acted and the center never hears). After either the contact is over, as in a real network.
 */
import type { Bytes } from '@kozeni/base/bytes'
import type { Result } from '@kozeni/base/result'
import type { Turn } from '@kozeni/center/contact'
import type { Reader } from '@kozeni/protocol/reader'
import type { Refusal } from '@kozeni/protocol/refusal'

/** Which message is lost: the n-th turn of the center, or the chip's answers to it; the first is 1. */
export type Loss = { readonly lost: 'turn' | 'answers'; readonly at: number }

export interface Center {
  begin(): Promise<Result<Turn, Refusal>>
  next(token: Bytes, responses: readonly Bytes[]): Promise<Result<Turn, Refusal>>
}

/** How a contact ended: `done` when the center had nothing more to say. */
export interface Met {
  readonly ended: 'done' | 'lost' | 'chip-gone' | 'refused'
  readonly refusal: Refusal | undefined
  readonly report: Turn['report']
}

const MOST_TURNS = 50

/** Carries bytes to and fro until one side has nothing more to say, or something is lost. */
export async function meet(center: Center, reader: Reader, loss?: Loss): Promise<Met> {
  const report: Turn['report'][number][] = []
  const ended = (how: Met['ended'], refusal?: Refusal): Met => ({ ended: how, refusal, report })
  if (!(await reader.connect())) return ended('chip-gone')
  let turn = await center.begin()
  for (let at = 1; at <= MOST_TURNS; at++) {
    if (!turn.ok) return ended('refused', turn.refusal)
    report.push(...turn.value.report)
    const { token, commands } = turn.value
    if (token === undefined) return ended('done')
    if (loss?.lost === 'turn' && loss.at === at) return ended('lost')
    const responses = await transmitAll(reader, commands)
    if (responses === undefined) return ended('chip-gone')
    if (loss?.lost === 'answers' && loss.at === at) return ended('lost')
    turn = await center.next(token, responses)
  }
  throw new Error(`a contact of more than ${MOST_TURNS} turns`)
}

async function transmitAll(reader: Reader, commands: readonly Bytes[]): Promise<readonly Bytes[] | undefined> {
  const responses: Bytes[] = []
  for (const command of commands) {
    const response = await reader.transmit(command)
    if (response === undefined) return undefined
    responses.push(response)
  }
  return responses
}
