/** What a refusal means to people and to retry loops, for stores that do not carry the table of codes themselves. */
import { type Refusal, WIRE } from '@kozeni/protocol/refusal'
import type { Wire } from '@kozeni/protocol/refusal-wire'

/**
 * The refusal in plain sentences: what is so, and what to do next; the HTTP status that says it best; and whether to
 * repeat it later as it is (`same`), after mending it (`changed`) or not at all (`never`).
 */
export const explain = ({ code }: Refusal): Omit<Wire, 'statusWord'> => {
  const { http, retry, title, remedy } = WIRE[code]
  return { http, retry, title, remedy }
}
