/** For stories, in which what is asked for is there and nothing is refused: else the story is wrong. */
import type { Result } from '@kozeni/base/result'
import type { Refusal } from '@kozeni/protocol/refusal'

/** @throws with the refusal */
export function must<T>(result: Result<T, Refusal>): T {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.refusal)}`)
  return result.value
}

/** @throws when there is none */
export function some<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it should be there')
  return value
}
