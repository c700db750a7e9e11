/**
 * `node main.ts [--data FOLDER] [--port N] [--once] [--centers N] [--kills N]`: the first day. Every statement on the
 * screen is checked; the exit code is 0 only if all of them held.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type DataFolder, openDataFolder } from '@kozeni/cli/data-folder'
import { openDatabase } from '@kozeni/cli/database'
import { bad, giveUp, quiet, say, strong } from '@kozeni/cli/say'
import { vaultIn } from '@kozeni/cli/vault'
import type { Day } from './day.ts'
import { books, counter, failures, settlement, upload } from './evening.ts'
import { Killer } from './killer.ts'
import { foundry, install, load, web } from './morning.ts'
import { Screen } from './screen.ts'
import { Town } from './town.ts'
import { finishYesterday } from './yesterday.ts'

/** Short, so that a day can wait for one to run out. */
const SESSION_SECONDS = 3

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    port: { type: 'string', default: '7077' },
    once: { type: 'boolean', default: false },
    centers: { type: 'string', default: '1' },
    kills: { type: 'string', default: '0' },
  },
})

const opened = openDataFolder(values.data)
const folder = opened.ok ? opened.value : giveUp(opened.refusal.says)
const number = nextDay(folder)
const screen = new Screen()
say(strong(`Day ${number} of Kozeni`))
say(quiet(`data in ${folder.path}`))

const vault = await vaultIn(folder)
const database = await openDatabase(folder, undefined)
if (!database.ok) giveUp(database.refusal)
const port = Number(values.port)
const town = await Town.open({
  folder,
  vault,
  database: database.value,
  port,
  sessionSeconds: SESSION_SECONDS,
  centers: Number(values.centers),
}).catch((failure: unknown) => giveUp(failure instanceof Error ? failure.message : String(failure)))

let closing: Promise<void> | undefined
const close = (): Promise<void> => (closing ??= town.close())
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void close().then(() => process.exit(signal === 'SIGINT' ? 130 : 143)))
}

const killer = new Killer(town, screen, Number(values.kills))
try {
  await play({ town, screen, vault, number, sessionSeconds: SESSION_SECONDS })
  await killer.rest()
  screen.sum()
} catch (failure) {
  if (closing === undefined)
    say(`${bad('✗')} the day could not go on: ${failure instanceof Error ? failure.message : String(failure)}`)
  await close()
  process.exit(1)
}

if (values.once) {
  await close()
  process.exit(screen.failed === 0 ? 0 : 1)
}
await town.closePeople()
say()
say(
  `The center stays up at ${strong(`http://127.0.0.1:${port}`)}, its reference at ${strong(`http://127.0.0.1:${port}/reference`)}`,
)
say(quiet('Ctrl-C stops it; the next start goes on with the same data.'))

async function play(day: Day): Promise<void> {
  const phone = await foundry(day)
  await install(day, phone)
  await load(day, phone)
  const { store, shop } = await day.town.openShop('The bakery')
  const till = await day.town.openTill(store, phone.field)
  await finishYesterday(day, folder, till, store)
  await web(day, phone, shop)
  await counter(day, phone, till)
  await failures(day, phone, shop)
  await upload(day, till)
  await settlement(day, store)
  await killer.rest()
  await books(day, [phone])
}

/** A new chip every day: the first day whose phone is not there yet. */
function nextDay({ path }: DataFolder): number {
  let day = 1
  while (existsSync(join(path, `phone-${day}`))) day += 1
  return day
}
