/** The sample shop behind HTTP, on the loopback. A body is read as it came: a webhook's signature is over its bytes. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { assert } from '@kozeni/base/assert'
import type { Shop, ShopAnswer } from './shop.ts'

const BODY_BYTES_MAX = 65_536

export class ShopServer {
  readonly #shop: Pick<Shop, 'answer'>
  readonly #http: Server

  constructor(shop: Pick<Shop, 'answer'>) {
    this.#shop = shop
    this.#http = createServer((request, response) => void this.#serve(request, response))
  }

  /**
   * @param port  0 for any that is free
   * @returns     the port it listens on
   */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', reject).listen(port, '127.0.0.1', resolve)
    })
    const address = this.#http.address()
    assert(address !== null && typeof address === 'object', 'a TCP server has a port')
    return address.port
  }

  /** Lets requests under way end, and takes no more. */
  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#http.close(() => resolve()))
    this.#http.closeIdleConnections()
    await closed
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await bodyOf(request)
      send(
        response,
        body === undefined ? { status: 413, body: { code: 'too-large' } } : await this.#answer(request, body),
      )
    } catch (failure) {
      process.stderr.write(`${String(failure)}\n`)
      response.destroy()
    }
  }

  #answer(request: IncomingMessage, body: string): Promise<ShopAnswer> {
    const { pathname: path } = new URL(request.url ?? '/', 'http://localhost')
    return this.#shop.answer({ method: request.method ?? '', path, headers: request.headers, body })
  }
}

/** Undefined when it is too large. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request) {
    assert(Buffer.isBuffer(chunk), 'a request without an encoding brings bytes')
    sizeBytes += chunk.length
    if (sizeBytes > BODY_BYTES_MAX) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/** Sums are bigints in the SDK and text on the wire. */
function send(response: ServerResponse, { status, body }: ShopAnswer): void {
  const json = JSON.stringify(body, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  response.writeHead(status, { 'content-type': 'application/json' }).end(json)
}
