/** A reader for a chip that another process offers over TCP (serve-tcp of the chip package), one client at a time. */
import { connect, type Socket } from 'node:net'
import { type Bytes, concat } from '@kozeni/base/bytes'
import type { Reader } from './reader.ts'
import { Frames, frame, POWER } from './vpcd.ts'

const GET_RESPONSE = Uint8Array.of(0x00, 0xc0, 0x00, 0x00, 0x00)
const MORE_BYTES = 0x61

export interface TcpPlace {
  readonly host: string
  readonly port: number
  /** How long a chip may take for one answer; 10,000 when not given. */
  readonly timeoutMs?: number
}

export class TcpReader implements Reader {
  readonly #place: Required<TcpPlace>
  #socket: Socket | undefined
  #frames = new Frames()
  #waiting: ((payload: Bytes | undefined) => void) | undefined

  constructor(place: TcpPlace) {
    this.#place = { timeoutMs: 10_000, ...place }
  }

  async connect(): Promise<boolean> {
    await this.disconnect()
    this.#socket = this.#open()
    this.#socket.write(frame(Uint8Array.of(POWER.on)))
    const answerToReset = await this.#exchange(Uint8Array.of(POWER.answerToReset))
    return answerToReset !== undefined && answerToReset.length > 0
  }

  async transmit(command: Bytes): Promise<Bytes | undefined> {
    let answer = await this.#exchange(command)
    while (answer?.at(-2) === MORE_BYTES) {
      const more = await this.#exchange(GET_RESPONSE)
      answer = more && concat(answer.slice(0, -2), more)
    }
    return answer
  }

  /** Resolves when the field has let go as well, so that the next client finds it free. */
  async disconnect(): Promise<void> {
    const socket = this.#socket
    this.#gone()
    if (socket === undefined || socket.destroyed) return
    const { promise, resolve } = Promise.withResolvers<void>()
    socket.on('close', () => resolve()).setTimeout(this.#place.timeoutMs, () => socket.destroy())
    socket.end(frame(Uint8Array.of(POWER.off)))
    await promise
  }

  #open(): Socket {
    const { host, port, timeoutMs } = this.#place
    this.#frames = new Frames()
    const socket = connect({ host, port, noDelay: true })
    const lost = (): void => {
      socket.destroy()
      if (socket === this.#socket) this.#gone()
    }
    socket.on('data', bytes => {
      for (const payload of this.#frames.take(bytes)) this.#answer(payload)
    })
    return socket
      .on('close', lost)
      .on('error', lost)
      .setTimeout(timeoutMs, () => {
        if (this.#waiting !== undefined) lost()
      })
  }

  async #exchange(payload: Bytes): Promise<Bytes | undefined> {
    const socket = this.#socket
    if (socket === undefined || this.#waiting !== undefined) return undefined
    const { promise, resolve } = Promise.withResolvers<Bytes | undefined>()
    this.#waiting = resolve
    socket.write(frame(payload))
    return promise
  }

  #answer(payload: Bytes | undefined): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.(payload)
  }

  /** The chip is out of reach; whoever waits learns that its answer will not come. */
  #gone(): void {
    this.#socket = undefined
    this.#answer(undefined)
  }
}
