/** The network by the platform's own fetch, in browsers and in Node alike. Follows no redirect and keeps no cookie. */
import type { Transport } from './transport.ts'

export const fetchTransport: Transport = async ({ origin, target, method, headers, body, timeoutMs }) => {
  const response = await fetch(`${origin}${target}`, {
    method,
    headers: { ...headers },
    ...(body.length > 0 ? { body: new Uint8Array(body) } : {}),
    redirect: 'error',
    credentials: 'omit',
    cache: 'no-store',
    signal: AbortSignal.timeout(timeoutMs),
  })
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() }
}
