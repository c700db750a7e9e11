/** What a process of the bench's own says. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** @returns the next that it says; an Error when it ends instead */
export async function heard(child: ChildProcess) {
  const waiting = new AbortController()
  const { signal } = waiting
  const ended = once(child, 'exit', { signal }).then(() => {
    throw new Error('a process of the bench ended before it had spoken')
  })
  try {
    const [said] = await Promise.race([once(child, 'message', { signal }), ended])
    return said
  } finally {
    ended.catch(() => undefined)
    waiting.abort()
  }
}
