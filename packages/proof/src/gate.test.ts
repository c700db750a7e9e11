import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { freshDatabase } from '@kozeni/center/postgres-for-tests'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { Gate, type Listener } from './gate.ts'
import { postgresListener, type Spoken } from './postgres-wire.ts'

/** Behind it, somebody who repeats what was said. */
async function echo(): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('data', bytes => socket.write(bytes)).on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const words: () => Listener<string> = () => (side, bytes) => [
  { event: `${side} ${String(bytes)}`, from: 0, to: bytes.length },
]

async function through<E>(gate: Gate<E>): Promise<Socket> {
  onTestFinished(() => gate.close())
  const socket = connect(await gate.open(), '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

test('a gate passes everything until it strikes, and what made it strike does not arrive', async () => {
  const gate = new Gate(await echo(), words)
  const socket = await through(gate)
  socket.write('hello')
  expect(String((await once(socket, 'data'))[0])).toBe('hello')
  const acts: string[] = []
  const struck = gate.arm({
    when: event => event === 'called die',
    arrives: false,
    act: async () => void acts.push('struck'),
  })
  const heard: string[] = []
  socket.on('data', bytes => heard.push(String(bytes)))
  socket.write('die')
  await Promise.all([struck, once(socket, 'close')])
  expect([acts, heard]).toEqual([['struck'], []])
})

test('a gate before PostgreSQL knows the statements, prepared ones too, and when they are done', async () => {
  const url = new URL(await freshDatabase())
  const log: Spoken[] = []
  const gate = new Gate(Number(url.port), () => {
    const listener = postgresListener()
    return (side, bytes) => {
      const spoken = listener(side, bytes)
      log.push(...spoken.map(({ event }) => event))
      return spoken
    }
  })
  onTestFinished(() => gate.close())
  url.port = String(await gate.open())
  const client = new Client({ connectionString: url.href })
  await client.connect()
  await client.query('begin')
  for (let i = 0; i < 2; i++) await client.query({ name: 'one', text: 'select $1::int as n', values: [i] })
  await client.query('commit')
  await client.end()
  expect(log.map(({ says, text }) => `${says} ${text}`)).toEqual([
    ...['runs begin', 'done BEGIN'],
    ...['runs select $1::int as n', 'done SELECT 1', 'runs select $1::int as n', 'done SELECT 1'],
    ...['runs commit', 'done COMMIT'],
  ])
})

test('of what is sent at once, the statements before the point arrive and the others do not', async () => {
  const direct = await freshDatabase()
  const url = new URL(direct)
  const gate = new Gate(Number(url.port), postgresListener)
  onTestFinished(() => gate.close())
  url.port = String(await gate.open())
  const client = new Client({ connectionString: url.href, pipeline: true })
  client.on('error', () => undefined)
  await client.connect()
  await client.query('create table coin (n int)')
  const second = ({ says, text }: Spoken): boolean => says === 'runs' && text.includes('(2)')
  const struck = gate.arm({ when: second, arrives: false, act: async () => undefined })
  const asked = [1, 2, 3].map(n => client.query(`insert into coin values (${n})`))
  expect((await Promise.allSettled(asked)).map(({ status }) => status)).not.toContain('pending')
  await struck
  const witness = new Client({ connectionString: direct })
  await witness.connect()
  onTestFinished(() => witness.end())
  // what has arrived is done a moment after its client is gone
  await expect.poll(async () => (await witness.query('select n from coin')).rows).toEqual([{ n: 1 }])
})
