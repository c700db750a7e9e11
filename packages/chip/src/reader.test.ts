import { connect } from 'node:net'
import { type Bytes, concat, unhex } from '@kozeni/base/bytes'
import { encodeCommand } from '@kozeni/protocol/apdu'
import { PURSE_AID, selectCommand } from '@kozeni/protocol/purse'
import { type Bench, readerContract } from '@kozeni/protocol/reader.contract'
import { TcpReader } from '@kozeni/protocol/reader-tcp'
import { Frames, frame, POWER } from '@kozeni/protocol/vpcd'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Chip } from './chip.ts'
import { blank, chipOf, Host, install, released } from './install-for-tests-node.ts'
import { notebook } from './program-for-tests-node.ts'
import { LocalReader } from './reader-local.ts'
import { type Field, serveTcp } from './serve-tcp.ts'
import { PowerLost } from './silicon.ts'
import type { MemorySilicon } from './silicon-memory.ts'

let module: Bytes
const fields: Field[] = []

beforeAll(async () => {
  module = await notebook()
})

afterAll(async () => {
  for (const field of fields) await field.close()
})

function withNotebook(): { chip: Chip; silicon: MemorySilicon } {
  const silicon = blank()
  const chip = chipOf(silicon)
  expect(install(new Host(chip), released(module))).toBe(0x9000)
  return { chip, silicon }
}

const WRITE = unhex('80010500021234')

/** The chip does not come back: its silicon has no power any more. */
function remove(chip: Chip): void {
  chip.powerOff()
  chip.powerOn = () => {
    throw new PowerLost('taken away')
  }
}

readerContract('local', async (): Promise<Bench> => {
  const { chip, silicon } = withNotebook()
  const reader = new LocalReader(chip)
  return {
    reader,
    cutPower: async () => {
      await reader.transmit(encodeCommand(selectCommand(PURSE_AID)))
      silicon.planCut({ afterBytes: 0, torn: 'old' })
      return WRITE
    },
    takeAway: async () => remove(chip),
  }
})

readerContract('tcp', async (): Promise<Bench> => {
  const { chip, silicon } = withNotebook()
  const field = await serveTcp(chip)
  fields.push(field)
  const reader = new TcpReader({ host: '127.0.0.1', port: field.port })
  return {
    reader,
    cutPower: async () => {
      await reader.transmit(encodeCommand(selectCommand(PURSE_AID)))
      silicon.planCut({ afterBytes: 0, torn: 'old' })
      return WRITE
    },
    takeAway: () => field.close(),
  }
})

test('a field takes one guest at a time', async () => {
  const field = await serveTcp(withNotebook().chip)
  fields.push(field)
  const [first, second] = [1, 2].map(() => new TcpReader({ host: '127.0.0.1', port: field.port }))
  expect(await first?.connect()).toBe(true)
  expect(await second?.connect()).toBe(false)
  expect(await first?.transmit(encodeCommand(selectCommand(PURSE_AID)))).toBeDefined()
  await first?.disconnect()
  await expect.poll(() => second?.connect()).toBe(true)
  await second?.disconnect()
})

test('a reader gives up on a chip that does not answer', async () => {
  const reader = new TcpReader({ host: '127.0.0.1', port: 1, timeoutMs: 200 })
  expect(await reader.connect()).toBe(false)
})

test('frames are put together again however the stream cuts them', () => {
  const payloads = [new Uint8Array(0), Uint8Array.of(1), new Uint8Array(300).fill(2), Uint8Array.of(3, 4)]
  const stream = concat(...payloads.map(frame))
  for (const step of [1, 2, 3, 7, 100, stream.length]) {
    const frames = new Frames()
    const seen: Bytes[] = []
    for (let at = 0; at < stream.length; at += step) seen.push(...frames.take(stream.slice(at, at + step)))
    expect(seen).toEqual(payloads)
  }
})

test('garbage on the wire neither stops the field nor the chip', async () => {
  const field = await serveTcp(withNotebook().chip)
  fields.push(field)
  const socket = connect({ host: '127.0.0.1', port: field.port })
  socket.on('error', () => {})
  socket.write(
    concat(
      frame(Uint8Array.of(9)),
      frame(new Uint8Array(0)),
      frame(Uint8Array.of(1, 2)),
      frame(Uint8Array.of(POWER.off)),
    ),
  )
  socket.end()
  const reader = new TcpReader({ host: '127.0.0.1', port: field.port })
  await expect.poll(() => reader.connect()).toBe(true)
  await reader.disconnect()
})
