/**
 * A gate on the way between two processes, over TCP on loopback: it passes all bytes, understands what they say, and can be
 * told to strike when a certain thing is said: then what was said is held back (or is the last that passes), something is
 * done, a process killed for one, and that connection is gone. So a process dies at a point of its work that can be named,
 * and knows of no such thing as a test.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Of the two ends: who has connected, and who was connected to. */
export type Side = 'caller' | 'called'

/** Something that was said, and where in the bytes just come it begins (0 if before them) and ends. */
export interface Heard<E> {
  readonly event: E
  readonly from: number
  readonly to: number
}

/** Turns the bytes of one connection into what they say, in order; both sides go through one listener. */
export type Listener<E> = (side: Side, bytes: Buffer) => readonly Heard<E>[]

/** When to strike, and how. */
export interface Strike<E> {
  readonly when: (event: E) => boolean
  /** Whether the bytes that say so still arrive. */
  readonly arrives: boolean
  readonly act: () => Promise<void>
}

export class Gate<E> {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #listen: () => Listener<E>
  #strike: (Strike<E> & { readonly done: () => void }) | undefined
  #to: number

  /** @param to  the port of loopback behind the gate; @param listen  makes a connection's listener */
  constructor(to: number, listen: () => Listener<E>) {
    this.#to = to
    this.#listen = listen
    this.#server = createServer({ noDelay: true }, caller => this.#join(caller))
  }

  /** @returns the port in front of the gate */
  async open(): Promise<number> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
    return address.port
  }

  /** What is behind the gate is somewhere else now. */
  moveTo(port: number): void {
    this.#to = port
  }

  /** Strikes once, as soon as it is said. @returns what resolves when it was done */
  arm(strike: Strike<E>): Promise<void> {
    return new Promise(done => {
      this.#strike = { ...strike, done }
    })
  }

  /** Does not strike any more. */
  disarm(): void {
    this.#strike = undefined
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }

  #join(caller: Socket): void {
    const called = connect({ port: this.#to, host: '127.0.0.1', noDelay: true })
    const listener = this.#listen()
    this.#carry('caller', caller, called, listener)
    this.#carry('called', called, caller, listener)
  }

  #carry(side: Side, from: Socket, to: Socket, listener: Listener<E>): void {
    this.#sockets.add(from)
    from.on('data', (bytes: Buffer) => {
      const due = this.#due(listener(side, bytes))
      if (due === undefined) return void to.write(bytes)
      const { strike, end } = due
      to.write(bytes.subarray(0, end))
      from.pause()
      to.pause()
      void strike.act().finally(() => {
        from.destroy()
        to.destroy()
        strike.done()
      })
    })
    from.on('error', () => undefined)
    from.once('close', () => {
      this.#sockets.delete(from)
      to.destroySoon()
    })
  }

  #due(heard: readonly Heard<E>[]) {
    const strike = this.#strike
    const said = strike && heard.find(({ event }) => strike.when(event))
    if (strike === undefined || said === undefined) return undefined
    this.#strike = undefined
    return { strike, end: strike.arrives ? said.to : said.from }
  }
}
