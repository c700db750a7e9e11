/**
 * A chip that lives in a browser: in a worker, its memory in the browser's database, the center here. Tabs are loaded
 * again, killed at any moment, and opened twice; the chip neither loses value nor makes any.
 */
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { money } from '@kozeni/base/money'
import type { Result } from '@kozeni/base/result'
import type { Order } from '@kozeni/chip/foundry'
import { builtPurse } from '@kozeni/program/compile-node'
import { readReceipt } from '@kozeni/protocol/debit'
import type { Reader } from '@kozeni/protocol/reader'
import type { Refusal } from '@kozeni/protocol/refusal'
import { build } from 'esbuild'
import { type BrowserContext, type Page, chromium as playwright } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { chromium } from '../../../checks/machine.ts'
import type { Halt } from './browser-chip-worker.ts'
import { type Origin, serveOrigin } from './origin-for-tests-node.ts'
import { type Person, Town } from './town.ts'

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-sync']

const MOMENTS = ['before', 'amid', 'after'] as const

describe.skipIf(chromium() === undefined)('a chip in a browser', { timeout: 120_000 }, () => {
  const profile = mkdtempSync(join(tmpdir(), 'kozeni-browser-'))
  const failures: Error[] = []
  let module: Uint8Array<ArrayBuffer>
  let origin: Origin
  let browser: BrowserContext

  beforeAll(async () => {
    module = await builtPurse()
    const [page, worker] = await Promise.all(['browser-chip-page.ts', 'browser-chip-worker.ts'].map(bundled))
    origin = await serveOrigin({ '/page.js': page ?? '', '/worker.js': worker ?? '' })
    browser = await openBrowser(profile)
  })

  afterEach(async () => {
    for (const page of browser.pages().slice(1)) await page.close() // the first keeps the browser open
    expect(failures.splice(0)).toEqual([])
  })

  afterAll(async () => {
    await browser?.close()
    origin?.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  })

  async function openPage(): Promise<Page> {
    const page = await browser.newPage()
    page.on('pageerror', error => failures.push(error))
    await page.goto(origin.url)
    await ready(page)
    return page
  }

  /** Somebody whose chip lives in this browser under that name, with that value on it. */
  async function settleIn(town: Town, name: string, units: bigint) {
    const phone = new Phone(name, await openPage())
    const person = await town.moveIn(async order => {
      expect(await phone.open(order)).toBe('open')
      return phone
    })
    expect(await town.install(person)).toMatchObject({ ended: 'done', refusal: undefined })
    await load(town, person, units)
    return person
  }

  /** The same chip, in another tab. */
  async function moveOn({ reader }: { readonly reader: Phone }): Promise<void> {
    reader.page = await openPage()
    expect(await reader.open()).toBe('open')
  }

  test('a page that is loaded again has its chip again, with all its value', async ({ annotate }) => {
    const town = new Town(60, module)
    const person = await settleIn(town, 'reloaded', 5000n)
    const { page } = person.reader
    for (let times = 1; times <= 3; times++) {
      await page.reload()
      await ready(page)
      expect(await person.reader.open()).toBe('open')
      expect((await town.contact(person)).ended).toBe('done')
    }
    await expectClean(town, 5000n)

    const sell = await openTill(town, page)
    expect((await sell(person, 700n)).receipt).toMatchObject({ seq: 1, credits: 5000n, debits: 700n })
    const selling = performance.now()
    for (let sales = 1; sales <= 40; sales++) await sell(person, 10n)
    await annotate(`${Math.round(40_000 / (performance.now() - selling))} debits a second, every one durable`)
    await page.close()
    await moveOn(person)
    const sellAgain = await openTill(town, person.reader.page)
    expect((await sellAgain(person, 1n)).receipt).toMatchObject({ seq: 42, credits: 5000n, debits: 1101n })
  })

  test.for(MOMENTS)(
    'a tab that crashes %s any save of a load is healed by one contact from a new tab',
    async (moment, { annotate }) => {
      const town = new Town(61, module)
      const person = await settleIn(town, `crashed ${moment}`, 5000n)
      let value = 5000n
      let saves = 0
      for (let halted = true; halted; ) {
        await town.fund(person, 100n)
        value += 100n
        halted = await halt(town, person, { at: saves + 1, moment }, crash)
        if (halted) saves += 1
        else await person.reader.page.close()
        await moveOn(person)
        expect((await town.contact(person)).ended).toBe('done')
        await expectClean(town, value)
      }
      expect(saves).toBeGreaterThan(0)
      await annotate(`${saves} saves in a load`)
      await expectValue(town, person, value)
    },
  )

  test('a tab that is closed or crashes whenever it likes during a load is healed by one contact', async () => {
    const town = new Town(62, module)
    const person = await settleIn(town, 'whenever', 5000n)
    let value = 5000n
    for (const [afterMs, kill] of [0, 5, 10, 20, 40, 80].flatMap(ms => [[ms, close] as const, [ms, crash] as const])) {
      await town.fund(person, 100n)
      value += 100n
      const contact = town.contact(person)
      await new Promise(resolve => setTimeout(resolve, afterMs))
      await kill(person.reader.page)
      await contact
      await moveOn(person)
      expect((await town.contact(person)).ended).toBe('done')
      await expectClean(town, value)
    }
    await expectValue(town, person, value)
  })

  test.each(MOMENTS)(
    'a browser that is killed %s the save of a load is healed by one contact from its next start',
    async moment => {
      const town = new Town(63, module)
      const person = await settleIn(town, `killed ${moment}`, 5000n)
      await town.fund(person, 100n)
      expect(await halt(town, person, { at: 1, moment }, () => killBrowser(profile, browser))).toBe(true)
      browser = await openBrowser(profile)
      await moveOn(person)
      expect((await town.contact(person)).ended).toBe('done')
      await expectClean(town, 5100n)
      await expectValue(town, person, 5100n)
    },
  )

  test('a second tab is refused while the first goes on, and gets the chip when the first is closed', async () => {
    const town = new Town(64, module)
    const person = await settleIn(town, 'twice', 5000n)
    const second = new Phone('twice', await openPage())
    const [refused] = await Promise.all([second.open(), town.contact(person)])
    expect(refused).toEqual({ taken: expect.stringContaining('another tab or window') })
    await load(town, person, 100n)
    await person.reader.page.close()
    await second.page.reload()
    await ready(second.page)
    expect(await second.open()).toBe('open')
    const moved = { ...person, reader: second }
    expect((await town.contact(moved)).ended).toBe('done')
    await expectClean(town, 5100n)
    await expectValue(town, moved, 5100n)
  })

  test('a tab that lost its chip to another can keep nothing any more, whoever broke the lock', async () => {
    const town = new Town(65, module)
    const person = await settleIn(town, 'stolen', 5000n)
    const thief = new Phone('stolen', await openPage())
    await thief.page.evaluate(() => navigator.locks.request('kozeni chip stolen', { steal: true }, () => {}))
    expect(await thief.open()).toBe('open')
    await town.fund(person, 100n)
    expect((await town.contact(person)).ended).toBe('chip-gone')
    const moved = { ...person, reader: thief }
    expect((await town.contact(moved)).ended).toBe('done')
    await expectClean(town, 5100n)
    await expectValue(town, moved, 5100n)
  })
})

/** One module for a browser. */
async function bundled(file: string): Promise<string> {
  const entryPoints = [join(import.meta.dirname, file)]
  const how = { bundle: true, platform: 'browser', format: 'esm', target: 'es2022', write: false } as const
  return (await build({ entryPoints, ...how, logLevel: 'silent' })).outputFiles[0]?.text ?? ''
}

/** Chromium with a profile on the disk: what a page keeps outlives its tab, and the browser. */
const openBrowser = (profile: string): Promise<BrowserContext> =>
  playwright.launchPersistentContext(profile, { executablePath: chromium() ?? '', args: FLAGS, timeout: 30_000 })

/** The browser of that profile dies at once. */
async function killBrowser(profile: string, browser: BrowserContext): Promise<void> {
  const pid = Number(readlinkSync(join(profile, 'SingletonLock')).split('-').at(-1)) // Chromium's own: host-pid
  const { promise, resolve } = Promise.withResolvers<void>()
  browser.on('close', () => resolve())
  process.kill(pid, 'SIGKILL')
  await promise
}

type ChipHandle = Awaited<ReturnType<typeof openIn>>

const openIn = (page: Page, name: string, order?: Order) =>
  page.evaluateHandle(told => window.openChip(told.name, told.order), { name, order })

/** The phone around a chip in a browser. What its page does not answer, because it is gone, the chip does not. */
class Phone implements Reader {
  readonly #name: string
  #chip: ChipHandle | undefined
  page: Page

  constructor(name: string, page: Page) {
    this.#name = name
    this.page = page
  }

  get chip(): ChipHandle {
    if (this.#chip === undefined) throw new Error('open it first')
    return this.#chip
  }

  /** The chip of the page that is open now. @returns how it went */
  async open(order?: Order) {
    this.#chip = await openIn(this.page, this.#name, order)
    return this.#chip.evaluate(({ said }) => said)
  }

  async connect(): Promise<boolean> {
    return (await unlessGone(this.page, () => this.chip.evaluate(({ wire }) => wire.connect()))) ?? false
  }

  transmit(command: Uint8Array): Promise<Uint8Array | undefined> {
    return unlessGone(this.page, () => this.chip.evaluate(({ wire }, apdu) => wire.transmit(apdu), command))
  }

  async disconnect(): Promise<void> {
    await unlessGone(this.page, () => this.chip.evaluate(({ wire }) => wire.disconnect()))
  }
}

/** @returns undefined when the page went before it answered */
async function unlessGone<T>(page: Page, ask: () => Promise<T>): Promise<T | undefined> {
  const { promise: gone, resolve } = Promise.withResolvers<undefined>()
  page.once('crash', () => resolve(undefined)).once('close', () => resolve(undefined))
  return Promise.race([gone, ask().catch(() => undefined)])
}

type Resident = Person & { readonly reader: Phone }

/** Kills the tab where its chip has stopped, in a contact. @returns false when the contact ended before */
async function halt(town: Town, person: Resident, told: Halt, kill: (page: Page) => Promise<void>): Promise<boolean> {
  const { chip, page } = person.reader
  const halted = chip
    .evaluate((here, when) => here.haltAt(when), told)
    .then(
      () => 'halted' as const,
      () => 'gone' as const,
    )
  const contact = town.contact(person)
  const first = await Promise.race([halted, contact])
  if (first !== 'halted') return false
  await kill(page)
  expect((await contact).ended).toBe('chip-gone')
  return true
}

/** The tab's process dies. */
async function crash(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page)
  const crashed = page.waitForEvent('crash')
  devtools.send('Page.crash').catch(() => {}) // nobody is left to answer
  await crashed
  await page.close()
}

const close = (page: Page): Promise<void> => page.close()

const ready = (page: Page) => page.waitForFunction(() => 'openChip' in window, undefined, { timeout: 10_000 })

async function load(town: Town, person: Person, units: bigint): Promise<void> {
  await town.fund(person, units)
  expect((await town.contact(person)).ended).toBe('done')
}

/** A till in the same page. @returns takes an amount from a chip there; the receipt is the chip's own signed word */
async function openTill(town: Town, page: Page) {
  const till = await page.evaluateHandle(nowMs => window.kozeni.openTill(nowMs), town.clock.now())
  const center = await town.openTill(await town.openStore(), await till.evaluate(({ publicKey }) => publicKey))
  await page.exposeFunction('deliver', center.deliver)
  await page.exposeFunction('standing', center.standing)
  await page.exposeFunction('mail', center.mail)
  await page.exposeFunction('contact', center.contact)
  must(await till.evaluate(here => here.upload()))
  return async ({ reader: { chip } }: Resident, units: bigint) => {
    const told = { amount: money(units), chip }
    const sold = await till.evaluate(
      (here, { amount, chip: { radio } }) => here.sell(amount, { reader: radio, waitMs: 1000 }),
      told,
    )
    const { receipt, outcome } = must(sold)
    expect(outcome).toBe('done')
    return { receipt: receipt && readReceipt(receipt)?.receipt }
  }
}

/** By the chip's own word, not the center's: one unit is sold, and its receipt says what the chip was loaded with. */
async function expectValue(town: Town, person: Resident, value: bigint): Promise<void> {
  const sell = await openTill(town, person.reader.page)
  expect((await sell(person, 1n)).receipt).toMatchObject({ credits: value, debits: 1n })
}

async function expectClean(town: Town, onChips: bigint): Promise<void> {
  expect(await town.audit()).toMatchObject({ findings: [], unexplained: 0n, onChips })
}

function must<T>(result: Result<T, Refusal>): T {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.refusal)}`)
  return result.value
}
