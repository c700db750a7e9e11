/**
 * The field of a phone, where a terminal's reader finds its chip: any reader, offered over TCP on this machine, to one
 * guest at a time. The other end is reader-tcp of the protocol package. A chip that is gone breaks the connection, as a
 * phone does that is taken away.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { assert } from '@kozeni/base/assert'
import type { Bytes } from '@kozeni/base/bytes'
import type { Reader } from '@kozeni/protocol/reader'
import { Frames, frame, POWER } from '@kozeni/protocol/vpcd'

export interface Field {
  readonly port: number
  close(): Promise<void>
}

/** All that a guest needs to know of the chip's kind. @spec ISO/IEC 7816-3 §8 */
const ANSWER_TO_RESET = Uint8Array.of(0x3b, 0x80, 0x01, 0x81)

/**
 * @param reader  the chip, for one guest after the other
 * @param port    0: any that is free
 */
export async function openField(reader: () => Reader, port: number): Promise<Field> {
  const guests = new Set<Socket>()
  const server = createServer({ noDelay: true }, socket => {
    if (guests.size > 0) return void socket.destroy()
    guests.add(socket)
    socket.once('close', () => guests.delete(socket))
    receive(reader(), socket)
  })
  await listening(server, port)
  const address = server.address()
  assert(typeof address === 'object' && address !== null, 'a TCP server has a port')
  return { port: address.port, close: () => close(server, guests) }
}

/** Answers a guest's frames one after the other. */
function receive(reader: Reader, socket: Socket): void {
  const frames = new Frames()
  let before = Promise.resolve()
  socket.on('data', (bytes: Bytes) => {
    for (const payload of frames.take(bytes)) before = before.then(() => reply(reader, socket, payload))
  })
  socket.on('error', () => socket.destroy())
  socket.once('close', () => {
    before = before.then(() => reader.disconnect())
  })
}

async function reply(reader: Reader, socket: Socket, payload: Bytes): Promise<void> {
  if (payload.length > 1) return answer(socket, await reader.transmit(payload))
  if (payload[0] === POWER.answerToReset) return answer(socket, ANSWER_TO_RESET)
  if (payload[0] === POWER.off) return reader.disconnect()
  if (!(await reader.connect())) socket.destroy()
}

function answer(socket: Socket, said: Bytes | undefined): void {
  if (said === undefined) socket.destroy()
  else if (!socket.destroyed) socket.write(frame(said))
}

function listening(server: Server, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(port, '127.0.0.1', resolve)
  return promise
}

async function close(server: Server, guests: ReadonlySet<Socket>): Promise<void> {
  for (const guest of guests) guest.destroy()
  await new Promise<void>(resolve => server.close(() => resolve()))
}
