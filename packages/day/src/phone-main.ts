/**
 * `node phone-main.ts --folder F --center URL`: the command's phone with the sandbox's faults between its parts. Beside
 * the phone's own orders it listens on a second port for faults: POST {"afterBytes":n} cuts power in a write, {"ins":n} takes
 * the chip away after that instruction, {} brings it back.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { parseArgs } from 'node:util'
import { serveUntilEnd } from '@kozeni/cli/parent'
import { startPhone } from '@kozeni/cli/phone-process'
import { MortalSilicon, type Plan, ShakyReader } from './faulty-phone.ts'

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: '' },
    center: { type: 'string', default: '' },
    'field-port': { type: 'string', default: '0' },
  },
})

const plan: Plan = { ins: undefined, away: false }
let silicon: MortalSilicon | undefined

const phone = await startPhone({
  folder: values.folder,
  center: values.center,
  port: 0,
  fieldPort: Number(values['field-port']),
  faults: {
    silicon: below => {
      silicon = new MortalSilicon(below)
      return silicon
    },
    reader: below => new ShakyReader(below, plan),
  },
})
if (!phone.ok) {
  process.stderr.write(`${phone.refusal}\n`)
  process.exit(1)
}

async function suffer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  const order = JSON.parse(text) as { readonly afterBytes?: number; readonly ins?: number }
  if (order.afterBytes !== undefined) silicon?.cutAfter(order.afterBytes)
  plan.ins = order.ins
  plan.away = false
  response.end('{}')
}

const faults = createServer((request, response) => void suffer(request, response))
await new Promise<void>(resolve => faults.listen(0, '127.0.0.1', resolve))
const address = faults.address()
const faultPort = typeof address === 'object' && address !== null ? address.port : 0

process.stdout.write(`${JSON.stringify({ faults: faultPort, field: phone.value.fieldPort })}\n`)
await serveUntilEnd(phone.value.port, () => phone.value.stop(), true)
process.exit(0)
