/**
 * A reader for a chip that lives in a worker, and the worker's end of it (serveWorker): requests go over a message port
 * and answers come back in the same order. A worker that is gone, or says nothing for too long, is a chip that is gone.
 */
import type { Bytes } from '@kozeni/base/bytes'
import type { Reader } from '@kozeni/protocol/reader'

/** A command to transmit, or one of the port's other two. */
type Request = Bytes | 'connect' | 'disconnect'
/** To `connect` whether there is a chip; to a command its answer, undefined when the chip was gone before. */
type Answer = boolean | Bytes | undefined

export class WorkerReader implements Reader {
  readonly #port: MessagePort
  readonly #timeoutMs: number
  readonly #waiting: ((answer: Answer) => void)[] = []
  #gone = false

  /**
   * @param port       whose other end is with serveWorker
   * @param timeoutMs  how long a chip may take for one answer
   */
  constructor(port: MessagePort, timeoutMs = 10_000) {
    this.#port = port
    this.#timeoutMs = timeoutMs
    port.onmessage = ({ data }: MessageEvent<Answer>) => this.#waiting.shift()?.(data)
    port.addEventListener('close', () => this.#lose())
  }

  async connect(): Promise<boolean> {
    return (await this.#ask('connect')) === true
  }

  async transmit(command: Bytes): Promise<Bytes | undefined> {
    const answer = await this.#ask(command)
    return answer instanceof Uint8Array ? answer : undefined
  }

  async disconnect(): Promise<void> {
    await this.#ask('disconnect')
  }

  async #ask(request: Request): Promise<Answer> {
    if (this.#gone) return undefined
    const { promise, resolve } = Promise.withResolvers<Answer>()
    this.#waiting.push(resolve)
    const timer = setTimeout(() => this.#lose(), this.#timeoutMs)
    this.#port.postMessage(request)
    const answer = await promise
    clearTimeout(timer)
    return answer
  }

  /** For good: an answer that came later would be taken for another request's. */
  #lose(): void {
    this.#gone = true
    this.#port.close()
    for (const answer of this.#waiting.splice(0)) answer(undefined)
  }
}

/**
 * Serves a reader over a message port, one request after the other.
 *
 * @param reader  here, with the chip; when it throws, which only a bug does, the port is closed
 */
export function serveWorker(reader: Reader, port: MessagePort): void {
  let before = Promise.resolve()
  const serve = async (request: Request): Promise<void> => {
    try {
      port.postMessage(await answer(reader, request))
    } catch (error) {
      port.close()
      throw error
    }
  }
  port.onmessage = ({ data }: MessageEvent<Request>) => {
    before = before.then(() => serve(data))
  }
}

async function answer(reader: Reader, request: Request): Promise<Answer> {
  if (request === 'connect') return reader.connect()
  if (request === 'disconnect') return void (await reader.disconnect())
  return reader.transmit(request)
}
