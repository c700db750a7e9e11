import { unhex } from '@kozeni/base/bytes'
import { encodeCommand } from '@kozeni/protocol/apdu'
import { selectIssuerDomain } from '@kozeni/protocol/globalplatform'
import { PURSE_AID, selectCommand } from '@kozeni/protocol/purse'
import type { Reader } from '@kozeni/protocol/reader'
import { type Bench, readerContract } from '@kozeni/protocol/reader.contract'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { blank, chipOf, Host, install, released } from './install-for-tests-node.ts'
import { notebook } from './program-for-tests-node.ts'
import { LocalReader } from './reader-local.ts'
import { serveWorker, WorkerReader } from './reader-worker.ts'
import type { MemorySilicon } from './silicon-memory.ts'

let installed: MemorySilicon
const ports: MessagePort[] = []

beforeAll(async () => {
  installed = blank()
  expect(install(new Host(chipOf(installed)), released(await notebook()))).toBe(0x9000)
})

afterAll(() => {
  for (const port of ports) port.close()
})

/** A reader over a message port; the other end is `there`, or nobody. */
function over(there: Reader | undefined, timeoutMs?: number): { reader: WorkerReader; end: MessagePort } {
  const { port1, port2 } = new MessageChannel()
  ports.push(port1, port2)
  if (there !== undefined) serveWorker(there, port2)
  return { reader: new WorkerReader(port1, timeoutMs), end: port2 }
}

readerContract('worker', async (): Promise<Bench> => {
  const silicon = installed.copy()
  const { reader, end } = over(new LocalReader(chipOf(silicon)))
  return {
    reader,
    cutPower: async () => {
      await reader.transmit(encodeCommand(selectCommand(PURSE_AID)))
      silicon.planCut({ afterBytes: 0, torn: 'old' })
      return unhex('80010500021234')
    },
    takeAway: async () => end.close(),
  }
})

test('requests made at once are answered in order', async () => {
  const { reader } = over(new LocalReader(chipOf(installed.copy())))
  const select = encodeCommand(selectIssuerDomain())
  const [found, selected, nonsense, left] = await Promise.all([
    reader.connect(),
    reader.transmit(select),
    reader.transmit(unhex('80ee000000')),
    reader.disconnect(),
  ])
  expect([found, selected?.slice(-2), nonsense, left]).toEqual([true, unhex('9000'), unhex('6d00'), undefined])
})

test('a worker that says nothing is given up, for good', async () => {
  const { reader } = over(undefined, 50)
  expect(await reader.connect()).toBe(false)
  expect(await reader.transmit(encodeCommand(selectIssuerDomain()))).toBeUndefined()
})
