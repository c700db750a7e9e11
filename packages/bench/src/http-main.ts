/**
 * A process of its own that loads a center over HTTP: it is given requests as they go over the wire, opens a connection for each
 * client, says that it is ready, and when told to go sends them all, each as soon as its client's last is answered. Then
 * it tells how long each took, in milliseconds. So little of a client is in it that what is measured is the center.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { assert } from '@kozeni/base/assert'
import type { Load } from './http.ts'
import { side } from './measure.ts'

const tell = (said: unknown): unknown => process.send?.(said)
const [given] = await once(process, 'message')
const { port, clients, requests }: Load = given
const sockets = await Promise.all(Array.from({ length: clients }, () => connected(port)))
tell('ready')
await once(process, 'message')
const took: number[] = []
await side(clients, requests.length, async i => {
  const socket = sockets.pop()
  const request = requests[i]
  assert(socket !== undefined && request !== undefined, 'a connection for each client')
  const begun = performance.now()
  const status = await answered(socket, request)
  took.push(performance.now() - begun)
  assert(status === 200, `the pay was opened, and not ${status}`)
  sockets.push(socket)
})
tell(took)
for (const socket of sockets) socket.destroy()
process.disconnect()

async function connected(to: number): Promise<Socket> {
  const socket = connect({ port: to, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket
}

/** @returns the answer's status, when all of it is here */
function answered(socket: Socket, request: Uint8Array): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  let text = ''
  const hear = (bytes: Buffer): void => {
    text += bytes.toString('latin1')
    const head = text.indexOf('\r\n\r\n')
    const size = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(text.slice(0, head + 2))?.[1] ?? Number.NaN)
    if (head < 0 || text.length < head + 4 + size) return
    socket.off('data', hear)
    resolve(Number(text.slice(9, 12)))
  }
  socket.on('data', hear)
  socket.write(request)
  return promise
}
