/** Posts to stores by the platform's own fetch: no redirect, no cookie, no patience beyond ten seconds. */
import type { Post } from './store-webhook.ts'

const TIMEOUT_MS = 10_000

export const fetchPost: Post = async (url, headers, body) => {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    await answer.body?.cancel()
    return answer.status
  } catch {
    return undefined // nobody there, or nobody in time: told again later
  }
}
