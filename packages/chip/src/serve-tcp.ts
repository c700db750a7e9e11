/**
 * Offers a chip over TCP: as a field that one client at a time may enter, or to the virtual reader of vsmartcard, which
 * makes it a card of PC/SC. When the chip loses power the connection breaks, as when a card leaves the field.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Bytes } from '@kozeni/base/bytes'
import { NO_BYTES } from '@kozeni/base/bytes'
import { Frames, frame, POWER, VPCD_PORT } from '@kozeni/protocol/vpcd'
import type { Chip, Way } from './chip.ts'
import { PowerLost } from './silicon.ts'

/** A chip on offer. */
export interface Field {
  readonly port: number
  close(): Promise<void>
}

/**
 * @param port  0: any that is free
 * @param way   by which clients reach the chip
 * @returns     once clients can come; from this machine only
 */
export async function serveTcp(chip: Chip, port = 0, way: Way = 'wire'): Promise<Field> {
  const guests = new Set<Socket>()
  const server = createServer({ noDelay: true }, socket => {
    if (guests.size > 0) return void socket.destroy()
    guests.add(socket)
    const leave = (): void => void guests.delete(socket)
    socket.on('end', leave).on('close', leave)
    answer(chip, socket, way)
  })
  await listening(server, port)
  return {
    port: portOf(server),
    close: async () => {
      for (const guest of guests) guest.destroy()
      await closed(server)
    },
  }
}

/** A chip in a virtual reader. */
export interface Inserted {
  /** Resolves when it is out again: taken out, without power, or its reader gone. */
  readonly ended: Promise<void>
  takeOut(): void
}

/**
 * Puts the chip into vsmartcard's virtual reader.
 *
 * @returns once it is in; rejects with what the network says when no virtual reader listens there
 */
export async function insertIntoVpcd(chip: Chip, host = '127.0.0.1', port = VPCD_PORT): Promise<Inserted> {
  const socket = connect({ host, port, noDelay: true })
  await connected(socket)
  const ended = new Promise<void>(resolve => socket.once('close', () => resolve()))
  answer(chip, socket, 'wire')
  return { ended, takeOut: () => void socket.destroy() }
}

function answer(chip: Chip, socket: Socket, way: Way): void {
  const frames = new Frames()
  socket.on('data', bytes => {
    for (const payload of frames.take(bytes)) {
      const said = reply(chip, payload, way)
      if (said === 'gone') return void socket.destroy()
      if (said !== 'nothing') socket.write(frame(said))
    }
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => chip.powerOff())
}

function reply(chip: Chip, payload: Bytes, way: Way): Bytes | 'nothing' | 'gone' {
  try {
    return payload.length > 1 ? chip.process(payload) : power(chip, payload[0], way)
  } catch (error) {
    if (error instanceof PowerLost) return 'gone'
    throw error
  }
}

function power(chip: Chip, what: number | undefined, way: Way): Bytes | 'nothing' {
  // a virtual reader asks for it before it gives power, to see whether there is a chip
  if (what === POWER.answerToReset) return chip.answerToReset ?? chip.powerOn(way) ?? NO_BYTES
  if (what === POWER.on || what === POWER.reset) chip.powerOn(way)
  if (what === POWER.off) chip.powerOff()
  return 'nothing'
}

function connected(socket: Socket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once('connect', resolve).once('error', reject)
  return promise
}

function listening(server: Server, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(port, '127.0.0.1', resolve)
  return promise
}

function closed(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  return promise
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
