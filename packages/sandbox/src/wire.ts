/**
 * A network between callers and a center that can be told to lose things: a request before it arrives, or an answer after
 * the center has made it. It passes bytes and headers as they are, so that signatures hold.
 */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'

/** What is to be lost next. */
export interface Fault {
  /** `request`: the center never sees it. `answer`: the center has acted, and nobody is told. */
  readonly lose: 'request' | 'answer'
  /** The path it is about. */
  readonly path: string
  /** How many such requests pass unharmed before; all later ones are lost until the network heals. */
  readonly after: number
  /** What happens when the first is lost, before the caller notices: a power cut at the center, for one. */
  readonly atOnce?: () => Promise<void>
}

export class Wire {
  readonly #server: Server
  #targets: readonly string[]
  #turn = 0
  #fault: { readonly fault: Fault; pass: number; readonly happened: () => void } | undefined

  /** @param targets  the origins of the center's processes, which take turns */
  constructor(targets: readonly string[]) {
    this.#targets = targets
    this.#server = createServer((incoming, outgoing) => void this.#carry(incoming, outgoing))
  }

  /** @returns the port on loopback */
  async listen(port = 0): Promise<number> {
    await new Promise<void>(resolve => this.#server.listen(port, '127.0.0.1', resolve))
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  /** Other processes have taken the center's place. */
  moveTo(targets: readonly string[]): void {
    this.#targets = targets
  }

  /** Plans a fault. @returns what resolves when it has struck */
  plan(fault: Fault): Promise<void> {
    return new Promise(resolve => {
      this.#fault = { fault, pass: fault.after, happened: resolve }
    })
  }

  /** Nothing is lost any more. */
  heal(): void {
    this.#fault = undefined
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => this.#server.close(resolve))
  }

  async #carry(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await bodyOf(incoming)
    const fault = this.#due(incoming.url ?? '')
    if (fault?.lose === 'request') return lose(fault, incoming)
    const target = this.#targets[this.#turn++ % this.#targets.length]
    const answer = target && (await forward(target, incoming, body))
    if (fault !== undefined) return lose(fault, incoming)
    if (!answer) return void incoming.socket.destroy()
    outgoing.writeHead(answer.status, answer.headers).end(answer.body)
  }

  #due(url: string): Fault | undefined {
    const planned = this.#fault
    if (planned === undefined || !url.startsWith(planned.fault.path)) return undefined
    if (planned.pass-- > 0) return undefined
    planned.happened()
    return planned.fault
  }
}

async function lose(fault: Fault, incoming: IncomingMessage): Promise<void> {
  await fault.atOnce?.()
  incoming.socket.destroy()
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** @returns undefined when the center does not answer */
function forward(target: string, incoming: IncomingMessage, body: Buffer): Promise<Answer | undefined> {
  const { host } = new URL(target)
  const [hostname, port] = host.split(':')
  return new Promise(resolve => {
    const options = {
      hostname,
      port,
      path: incoming.url,
      method: incoming.method,
      headers: incoming.headers,
      agent: false,
    }
    const outgoing = request(options, response => {
      const { statusCode: status = 502, headers } = response
      void bodyOf(response).then(whole => resolve({ status, headers, body: whole }))
    })
    outgoing.on('error', () => resolve(undefined))
    outgoing.end(body)
  })
}
