/** Sends what fetch would not: any method with a body, any header that HTTP can spell, a path as it is given. */
import { Agent, request } from 'node:http'
import type { HttpResponse } from '@kozeni/api/http'

const agent = new Agent({ keepAlive: true, maxSockets: 1 })

export interface Sent {
  readonly origin: string
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly timeoutMs: number
}

/**
 * @returns undefined when no answer came in time
 * @throws  Error when the connection broke without one, or the request cannot be spelled in HTTP
 */
export function send({ origin, method, target, headers, body, timeoutMs }: Sent): Promise<HttpResponse | undefined> {
  const { hostname, port } = new URL(origin)
  const length = { 'content-length': String(body.length) }
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      resolve(undefined)
      sent.destroy()
    }, timeoutMs)
    const sent = request(
      { agent, hostname, port, method, path: target, headers: { ...headers, ...length } },
      answer => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('end', () => {
          clearTimeout(timer)
          const fields = Object.entries(answer.headers).map(([name, field]) => [name, String(field)])
          resolve({
            status: answer.statusCode ?? 0,
            headers: Object.fromEntries(fields),
            body: Buffer.concat(parts).toString(),
          })
        })
      },
    )
    sent.on('error', error => {
      clearTimeout(timer)
      reject(error)
    })
    sent.end(body)
  })
}
