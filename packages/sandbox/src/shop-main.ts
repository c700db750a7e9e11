/**
 * `node shop-main.ts [--port N] [--data FOLDER] [--store ID] [--currency JPY] [--webhook-secret whsec_…]
 * [--center URL --key FILE] [--with-parent]`: the sample shop as a process, on the loopback; without a center in test mode. Prints
 * {"listening":port} when it may be asked, and ends on SIGTERM or SIGINT. Whatever it answered is on the disk, so it may
 * also be killed.
 */
import { mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { callCenter, openStore } from '@kozeni/store/store-node'
import { TEST_WEBHOOK_SECRET, TestCenter } from '@kozeni/store/test-center'
import { Shop } from './shop.ts'
import { fileCounter } from './shop-counter-file.ts'
import { ShopServer } from './shop-server.ts'
import { inTestMode } from './shop-test-mode.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    data: { type: 'string' },
    store: { type: 'string', default: '0102030405060708' },
    currency: { type: 'string', default: 'JPY' },
    'webhook-secret': { type: 'string', default: TEST_WEBHOOK_SECRET },
    center: { type: 'string' },
    key: { type: 'string' },
    'with-parent': { type: 'boolean', default: false },
  },
})

const folder = values.data ?? (await mkdtemp(join(tmpdir(), 'kozeni-shop-')))
await mkdir(folder, { recursive: true })
const testing =
  values.center === undefined
    ? new TestCenter({ store: values.store, webhookSecret: values['webhook-secret'] })
    : undefined
const keyFile = values.key ?? join(folder, 'key')
const call = testing?.call ?? (await callCenter({ center: values.center ?? '', store: values.store, keyFile }))
const store = await openStore({
  id: values.store,
  currency: values.currency,
  folder,
  call,
  webhookSecrets: [values['webhook-secret']],
})
const shop = new Shop(store, await fileCounter(join(folder, 'given')))
await shop.finish()
const server = new ShopServer(testing === undefined ? shop : inTestMode(shop, testing))

const stop = () =>
  void server
    .close()
    .then(() => store.close())
    .then(() => process.exit(0))
process.once('SIGTERM', stop).once('SIGINT', stop)
if (values['with-parent']) process.stdin.resume().once('end', stop)

process.stdout.write(`${JSON.stringify({ listening: await server.listen(Number(values.port)) })}\n`)
