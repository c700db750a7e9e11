/**
 * Runs the sandbox card provider as a program of its own:
 *
 *     node provider-main.ts --port 0 --data provider.journal --webhook http://127.0.0.1:8080/hooks/card
 *
 * Prints one line of JSON, `{"listening":port}`, when it is ready. Ends on SIGTERM, on SIGINT, and with `--with-parent`
 * when its standard input closes. Everything answered for is already on the disk, so it may also be killed.
 */
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { systemClock } from '@kozeni/base/clock'
import { systemDice } from '@kozeni/base/dice'
import { memoryJournal } from './provider-journal.ts'
import { openJournal } from './provider-journal-file.ts'
import { ProviderServer } from './provider-server.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    data: { type: 'string' },
    webhook: { type: 'string' },
    'webhook-secret': { type: 'string', default: 'whsec_sandbox' },
    'secret-key': { type: 'string' },
    'with-parent': { type: 'boolean', default: false },
  },
})

const server = new ProviderServer({
  clock: systemClock,
  dice: systemDice,
  journal: values.data === undefined ? memoryJournal() : openJournal(values.data),
  ...(values.webhook !== undefined && { webhook: { url: values.webhook, secret: values['webhook-secret'] } }),
  ...(values['secret-key'] !== undefined && { secretKey: values['secret-key'] }),
})

const ends = [once(process, 'SIGTERM'), once(process, 'SIGINT')]
if (values['with-parent']) ends.push(once(process.stdin.resume(), 'end'))

process.stdout.write(`${JSON.stringify({ listening: await server.listen(Number(values.port)) })}\n`)
await Promise.race(ends)
await server.close()
process.exit(0)
