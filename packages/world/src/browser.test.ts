/**
 * The parts that say of themselves that they are portable, in a real browser: the chip, its purse program, a store's
 * server and a till run in one page of Chromium, the center here. What passes between is what passes over a network.
 */
import { join } from 'node:path'
import { money } from '@kozeni/base/money'
import { ok, type Result } from '@kozeni/base/result'
import type { Order } from '@kozeni/chip/foundry'
import { builtPurse } from '@kozeni/program/compile-node'
import { readReceipt } from '@kozeni/protocol/debit'
import { type Offer, readPayLink } from '@kozeni/protocol/paylink'
import type { Reader } from '@kozeni/protocol/reader'
import type { Refusal } from '@kozeni/protocol/refusal'
import { type BuildOptions, type BuildResult, build } from 'esbuild'
import { type Browser, type Page, chromium as playwright } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { chromium } from '../../../checks/machine.ts'
import numbers from '../../../vectors/number.json' with { type: 'json' }
import transcript from '../../../vectors/purse.json' with { type: 'json' }
import { type Person, Town } from './town.ts'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const ENTRY = { entryPoints: [join(import.meta.dirname, 'browser-page.ts')] }

/** One module for a browser. Rejects when anything in it asks for what only Node has. */
const bundle = (entry: BuildOptions): Promise<BuildResult<{ metafile: true; write: false }>> =>
  build({
    ...entry,
    ...{ bundle: true, platform: 'browser', format: 'esm', target: 'es2022' },
    ...{ write: false, metafile: true, logLevel: 'silent' },
  })

test('chip, purse, store and till are bundled for a browser without anything of Node', async () => {
  const { metafile } = await bundle(ENTRY)
  const packages = Object.keys(metafile.inputs).flatMap(path => /packages\/(\w+)\/src/.exec(path)?.[1] ?? [])
  expect([...new Set(packages)].sort()).toEqual([
    'api',
    'base',
    'chip',
    'program',
    'protocol',
    'store',
    'terminal',
    'world',
  ])
})

test('a part that needs Node is not bundled for a browser', async () => {
  const stdin = { contents: `import '@kozeni/protocol/crypto-node'`, resolveDir: import.meta.dirname }
  await expect(bundle({ stdin })).rejects.toThrow('Could not resolve "node:crypto"')
})

describe.skipIf(chromium() === undefined)('in Chromium', () => {
  let browser: Browser
  let script: string
  let module: Uint8Array<ArrayBuffer>
  const failures: Error[] = []

  beforeAll(async () => {
    module = await builtPurse()
    script = (await bundle(ENTRY)).outputFiles[0]?.text ?? ''
    browser = await playwright.launch({ executablePath: chromium() ?? '', args: FLAGS, timeout: 30_000 })
  })

  afterEach(() => {
    expect(failures.splice(0)).toEqual([])
  })

  afterAll(() => browser?.close())

  /** A page of its own, with everything of browser-page.ts in it. */
  async function openPage(): Promise<Page> {
    const page = await browser.newPage()
    page.on('pageerror', error => failures.push(error))
    await page.addScriptTag({ content: script, type: 'module' })
    await page.waitForFunction(() => 'kozeni' in window, undefined, { timeout: 10_000 })
    return page
  }

  test('every transaction number of the vectors has the same bytes as everywhere', async () => {
    const page = await openPage()
    for (const { source, transaction, ...expected } of numbers.numbers) {
      const told = { master: numbers.master, transaction }
      const made = await page.evaluate(
        ({ master, transaction }) => window.kozeni.makeNumbers(master, transaction),
        told,
      )
      expect({ source, ...made }).toEqual({ source, ...expected })
    }
  })

  test('a purse answers the same bytes as everywhere, from blank to fenced', async () => {
    const page = await openPage()
    expect(await page.evaluate(bytes => window.kozeni.playPurse(bytes), module)).toEqual(transcript)
  })

  test('a chip in a browser becomes a purse over the network, is loaded, and pays a store by its own number', async () => {
    const [page, town] = [await openPage(), new Town(50, module)]
    const person = await settleIn(town, page)
    await load(town, person, 5000n)

    const id = await town.openStore()
    const told = { id, handed: await town.seedsFor(id), nowMs: town.clock.now() }
    const store = await page.evaluateHandle(({ id, handed, nowMs }) => window.kozeni.openStore(id, handed, nowMs), told)
    const sold = must(await store.evaluate(here => here.sell({ amount: 1200n, order: 'A-17' })))
    const proof = await pay(town, person, must(readPayLink(sold.link)))
    const settled = await store.evaluate((here, text) => here.honour(text), proof)
    expect(settled).toMatchObject(ok({ handOver: true, sale: { number: sold.number, state: 'paid' } }))
    expect(await store.evaluate((here, text) => here.honour(text), proof)).toMatchObject(ok({ handOver: false }))
    await expectClean(town, 3800n)
  })

  test('a till in a browser debits a chip in a browser, and each receipt is booked once by the center', async ({
    annotate,
  }) => {
    const [page, town] = [await openPage(), new Town(51, module)]
    const installing = performance.now()
    const person = await settleIn(town, page)
    await annotate(`installed in ${Math.round(performance.now() - installing)} ms`)
    await load(town, person, 5000n)

    const till = await page.evaluateHandle(nowMs => window.kozeni.openTill(nowMs), town.clock.now())
    const center = await town.openTill(await town.openStore(), await till.evaluate(({ publicKey }) => publicKey))
    await page.exposeFunction('deliver', twice(center.deliver))
    await page.exposeFunction('standing', center.standing)
    await page.exposeFunction('mail', center.mail)
    await page.exposeFunction('contact', center.contact)
    expect(await till.evaluate(here => here.upload())).toMatchObject(ok({ receipts: 0 }))

    const { chip } = person.reader
    const sell = (units: bigint) =>
      till.evaluate(
        (here, { amount, chip: { radio } }) => here.sell(amount, { reader: radio, waitMs: 1000 }),
        { amount: money(units), chip }, // a handle: the chip itself stays in the page
      )
    const sold = must(await sell(700n))
    expect(sold).toMatchObject({ outcome: 'done', amount: 700n, purse: person.purse })
    expect(sold.receipt && readReceipt(sold.receipt)?.receipt).toMatchObject({ seq: 1, credits: 5000n, debits: 700n })
    expect(must(await sell(5000n))).toMatchObject({ outcome: 'refused', why: { code: 'balance-too-low' } })

    const selling = performance.now()
    for (let sales = 1; sales <= 40; sales++) expect(must(await sell(10n)).outcome).toBe('done')
    await annotate(`${Math.round(40_000 / (performance.now() - selling))} debits a second`)

    expect(await till.evaluate(here => here.upload())).toMatchObject(ok({ receipts: 41 }))
    expect(await till.evaluate(here => here.sale(1)?.answered)).toMatchObject({ standing: 'already-booked' })
    expect(await till.evaluate(here => here.status())).toMatchObject({ unuploadedAmount: 0n, unresolved: [] })
    await expectClean(town, 3900n)
    expect((await town.contact(person)).ended).toBe('done')
    await expectClean(town, 3900n)
  })
})

type ChipHandle = Awaited<ReturnType<typeof forgeIn>>

/** A blank chip in the page. */
const forgeIn = (page: Page, order: Order) => page.evaluateHandle(told => window.kozeni.forgeChip(told), order)

/** The way to the chip in the page, as the telephone around it has it: every APDU goes in there and out again. */
const readerOf = (chip: ChipHandle): Reader & { readonly chip: ChipHandle } => ({
  chip,
  connect: () => chip.evaluate(({ wire }) => wire.connect()),
  transmit: command => chip.evaluate(({ wire }, apdu) => wire.transmit(apdu), command),
  disconnect: () => chip.evaluate(({ wire }) => wire.disconnect()),
})

/** Somebody whose chip is in the page, installed by the center. */
async function settleIn(town: Town, page: Page) {
  const person = await town.moveIn(async order => readerOf(await forgeIn(page, order)))
  expect(await town.install(person)).toMatchObject({ ended: 'done', refusal: undefined })
  expect((await town.purse(person)).stage).toBe('active')
  return person
}

async function load(town: Town, person: Person, amount: bigint): Promise<void> {
  await town.fund(person, amount)
  expect((await town.contact(person)).ended).toBe('done')
}

/** Has the chip pay. @returns the center's proof for the store */
async function pay(town: Town, person: Person, offer: Offer): Promise<string> {
  expect(must(await town.pay(person, offer)).verdict).toBe('pending')
  expect((await town.contact(person)).ended).toBe('done')
  const { verdict, proof = '' } = must(await town.pay(person, offer))
  expect(verdict).toBe('paid')
  return proof
}

/** A network that delivers every request a second time, and answers only then. */
const twice =
  <A, B>(send: (request: A) => Promise<B>) =>
  async (request: A): Promise<B> => {
    await send(request)
    return send(request)
  }

async function expectClean(town: Town, onChips: bigint): Promise<void> {
  expect(await town.audit()).toMatchObject({ findings: [], unexplained: 0n, onChips })
}

function must<T>(result: Result<T, Refusal>): T {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.refusal)}`)
  return result.value
}
