import { NO_BYTES } from '@kozeni/base/bytes'
import { StillClock } from '@kozeni/base/clock'
import { currency } from '@kozeni/base/currency'
import { SeededDice } from '@kozeni/base/dice'
import { type ChipId, id, type PurseId, type StoreId } from '@kozeni/base/ids'
import { money } from '@kozeni/base/money'
import { MemoryBook } from '@kozeni/center/book-memory'
import { type FundingSource, noFunding } from '@kozeni/center/funding'
import { Hotlists } from '@kozeni/center/hotlist'
import { memoryMarks } from '@kozeni/center/mark-memory'
import { defaultPolicy } from '@kozeni/center/policy'
import { registerChip } from '@kozeni/center/register'
import { createServer } from '@kozeni/center/server'
import { memoryVault } from '@kozeni/center/vault-memory'
import { MemoryViews } from '@kozeni/center/views-memory'
import { Chip } from '@kozeni/chip/chip'
import { forge } from '@kozeni/chip/foundry'
import { CHIP_BYTES } from '@kozeni/chip/memory-map'
import { LocalReader } from '@kozeni/chip/reader-local'
import { MemorySilicon } from '@kozeni/chip/silicon-memory'
import { dialer } from '@kozeni/phone/center'
import { Device } from '@kozeni/phone/device'
import { MemoryDeviceMemory } from '@kozeni/phone/device-memory'
import { ExclusiveReader } from '@kozeni/phone/exclusive-reader'
import { Phone } from '@kozeni/phone/phone'
import { compilePurse } from '@kozeni/program/compile-node'
import { purseCertificate } from '@kozeni/protocol/certificate'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { makeNumber } from '@kozeni/protocol/number'
import { payLink } from '@kozeni/protocol/paylink'
import { checkProof } from '@kozeni/protocol/proof'
import type { Reader } from '@kozeni/protocol/reader'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const NOW_MS = 1_800_000_000_000
const CHIP = id<ChipId>('0102030405060708')
const NEXT_CHIP = id<ChipId>('0102030405060709')
const STORE = id<StoreId>('0505050505050505')
const JPY = currency('JPY')
const module = await compilePurse()

type Fate = 'before' | 'after' | undefined

/** Takes one fate after the other; then nothing is lost any more. */
class Weather {
  network: Fate[] = []
  radio: Fate[] = []
}

/** Loses commands before the chip has them, and answers after it has acted. */
const torn = (chip: Reader, weather: Weather): Reader => ({
  connect: () => chip.connect(),
  disconnect: () => chip.disconnect(),
  transmit: async command => {
    const fate = weather.radio.shift()
    const answer = fate === 'before' ? undefined : await chip.transmit(command)
    if (fate !== undefined) await chip.disconnect()
    return fate === undefined ? answer : undefined
  },
})

/** The real center, chip and purse program, and a phone between them, on one still clock. */
async function world() {
  const clock = new StillClock(NOW_MS)
  const dice = new SeededDice(40)
  const weather = new Weather()
  const vault = memoryVault(crypto, 1)
  const book = new MemoryBook(clock)
  const views = new MemoryViews(book)
  let captures = 0
  const capture: FundingSource['capture'] = async () => ({ state: 'captured', capture: `capture ${++captures}` })
  const app = await createServer({
    ...{ book, views, vault, marks: memoryMarks(), clock, dice, crypto, module, policy: defaultPolicy },
    funding: { ...noFunding, capture, giveBack: async () => 'given-back' },
    hotlists: new Hotlists({ book, views, vault, clock }),
    operators: [],
    log: () => {},
  })
  const silicon = new MemorySilicon(CHIP_BYTES)
  forge(silicon, {
    chip: CHIP,
    chipClass: 'software',
    cardKeys: vault.cardKeys(CHIP),
    loadKey: vault.publicKey('load-files'),
  })
  await book.run({
    keys: { chip: CHIP, store: STORE },
    decide: () => ({
      answer: undefined,
      writes: [
        { write: 'chip', row: { chip: CHIP, chipClass: 'software', purse: undefined } },
        {
          write: 'store',
          row: {
            ...{ store: STORE, name: 'A shop', currency: JPY, publicKey: vault.publicKey('audit'), generation: 1 },
            ...{ feeBasisPoints: 0, webhookUrl: undefined, webhookSecret: '', reportedEpoch: 1 },
          },
        },
      ],
    }),
  })
  const means = { origin: 'http://center.example', clock, crypto, dice }
  const center = dialer({
    ...means,
    transport: async ({ target, method, headers, body }) => {
      const fate = weather.network.shift()
      if (fate === 'before') throw new Error('lost')
      const payload = body.length > 0 ? { payload: Buffer.from(body) } : {}
      const url = `${means.origin}${target}`
      const answer = await app.inject({
        method: method === 'GET' ? 'GET' : 'POST',
        url,
        headers: { ...headers },
        ...payload,
      })
      if (fate === 'after') throw new Error('lost')
      return { status: answer.statusCode, headers: {}, body: answer.body }
    },
  })
  const reader = torn(new LocalReader(new Chip({ silicon, crypto, dice })), weather)
  const lanes = new ExclusiveReader(clock)
  const memory = new MemoryDeviceMemory()
  const start = async () => {
    const device = await Device.open(memory, () => crypto.generate(dice))
    return new Phone({ device, dial: center, chip: () => lanes.lane(reader), crypto, clock, dice, progress: () => {} })
  }
  /** A new phone with a blank chip of its own, and weather that is always fine. */
  const another = async () => {
    const fresh = new MemorySilicon(CHIP_BYTES)
    const cardKeys = vault.cardKeys(NEXT_CHIP)
    forge(fresh, { chip: NEXT_CHIP, chipClass: 'software', cardKeys, loadKey: vault.publicKey('load-files') })
    await book.run(registerChip(NEXT_CHIP, 'software'))
    const device = await Device.open(new MemoryDeviceMemory(), () => crypto.generate(dice))
    const own = new ExclusiveReader(clock)
    const chip = () => own.lane(new LocalReader(new Chip({ silicon: fresh, crypto, dice })))
    return new Phone({ device, dial: center, chip, crypto, clock, dice, progress: () => {} })
  }
  /** When the newest certificate of this purse ends, in seconds: what its chip shows to terminals. */
  const expires = async (purse: PurseId) => {
    const row = (await book.look({ purse })).purse
    return purseCertificate.read(row?.certificate?.slice(0, purseCertificate.size) ?? NO_BYTES)?.expires
  }
  return { start, another, weather, vault, clock, expires, captures: () => captures }
}

function sale(seed: Uint8Array, amount: bigint, window: number) {
  const time = NOW_MS / 1000
  const transaction = {
    ...{ store: STORE, terminal: null, sequence: 1, amount: money(amount), currency: JPY, time, expires: time + 600 },
    ...{ orderReference: 'order 1', returnUrl: '', generation: 1, window },
  }
  return payLink({ transaction, number: makeNumber(crypto, seed, transaction) })
}

const window = Math.floor(NOW_MS / 1000 / defaultPolicy.windows.lengthSeconds)
const place = { store: STORE, generation: 1, window }
const yes = async () => ({ agreed: true })

test('a blank chip becomes a purse over the network, is loaded, pays a shop, and shows it with no network', async () => {
  const { start, vault, weather, captures } = await world()
  const phone = await start()
  expect(await phone.install()).toMatchObject({ ok: true, value: { chip: CHIP, active: { currency: 'JPY' } } })
  expect(await phone.load({ amount: money(2000n), method: 'card' })).toMatchObject({
    ok: true,
    value: { load: { stage: 'loaded' }, contact: { ok: true } },
  })
  const paid = await phone.pay(sale(vault.seed(place), 500n, window), yes)
  expect(paid).toMatchObject({ ok: true, value: { verdict: 'paid' } })
  const proof = paid.ok ? (paid.value.proof ?? '') : ''
  expect(checkProof(crypto, vault.seed(place), proof)).toMatchObject({
    ok: true,
    value: { verdict: 'paid', amount: 500n },
  })
  weather.network = Array<Fate>(50).fill('before')
  expect(await phone.show()).toMatchObject({ ok: true, value: { value: 1500n, flag: false } })
  expect(captures()).toBe(1)
})

const DAY_MS = 86_400_000

test('contacts renew a certificate when half of its time is over; a phone that was off for longer, at its first', async () => {
  const { start, clock, expires } = await world()
  const phone = await start()
  const installed = await phone.install()
  const purse = installed.ok ? installed.value.purse : expect.fail()
  const daysLeft = async () => ((await expires(purse)) ?? 0) / 86_400 - clock.now() / DAY_MS
  clock.advance(3 * DAY_MS)
  expect(await phone.contact()).toMatchObject({ ok: true })
  expect(await daysLeft()).toBe(4)
  clock.advance(DAY_MS)
  expect(await phone.contact()).toMatchObject({ ok: true })
  expect(await daysLeft()).toBe(7)
  clock.advance(4 * DAY_MS)
  expect(await phone.load({ amount: money(2000n), method: 'card' })).toMatchObject({ ok: true })
  expect(await daysLeft()).toBe(7)
  clock.advance(30 * DAY_MS)
  const later = await start()
  expect(await later.recover()).toMatchObject({ ok: true, value: { contact: { ok: true } } })
  expect(await daysLeft()).toBe(7)
  expect(later.state.purses).toMatchObject([{ active: { expires: await expires(purse) } }])
})

test('a renewal that is torn anywhere spoils no load, and is made up for by the next contact', async () => {
  for (let at = 0; at < 20; at++) {
    const { start, clock, weather, expires } = await world()
    const phone = await start()
    const installed = await phone.install()
    const purse = installed.ok ? installed.value.purse : expect.fail()
    clock.advance(8 * DAY_MS)
    weather.radio = [...Array<Fate>(at).fill(undefined), 'after']
    await phone.load({ amount: money(2000n), method: 'card' })
    weather.radio = []
    await (await start()).recover()
    expect(await phone.show()).toMatchObject({ ok: true, value: { value: 2000n, flag: false } })
    expect(((await expires(purse)) ?? 0) * 1000 - clock.now()).toBeGreaterThan(6.9 * DAY_MS)
    expect((await start()).state.purses).toMatchObject([{ active: { expires: await expires(purse) } }])
  }
})

const fates = fc.array(fc.constantFrom<Fate>('before', 'after', undefined, undefined, undefined), { maxLength: 25 })

/** The network fails for longer than its client tries: four times in a row. */
const outages = fates.map(list => list.flatMap(fate => (fate === undefined ? [fate] : Array<Fate>(4).fill(fate))))

test('whatever is torn or lost between phone, chip and center: one purse, one capture, one debit, or none', async () => {
  await fc.assert(
    fc.asyncProperty(fates, outages, fates, outages, async (radio, network, radioLater, networkLater) => {
      const { start, vault, weather, clock, captures } = await world()
      Object.assign(weather, { radio: [...radio], network: [...network] })
      for (let tries = 0; !(await (await start()).install()).ok; tries++) expect(tries).toBeLessThan(60)
      Object.assign(weather, { radio: [...radioLater], network: [...networkLater] })
      await (await start()).load({ amount: money(2000n), method: 'card' })
      const asked = captures() > 0 || (await start()).state.loads.length > 0
      await (await start()).pay(sale(vault.seed(place), 500n, window), yes)
      for (let tries = 0; tries < 60; tries++) await (await start()).recover()
      clock.advance(61_000)
      for (let tries = 0; tries < 3; tries++) await (await start()).recover()
      const { state } = await start()
      const again = await (await start()).pay(sale(vault.seed(place), 500n, window), yes)
      const debited = again.ok && again.value.verdict === 'paid' ? 500n : 0n
      const shown = await (await start()).show()
      expect(shown).toMatchObject({ ok: true, value: { value: (asked ? 2000n : 0n) - debited, flag: false } })
      expect([captures(), state.loads, state.purses.length]).toEqual([asked ? 1 : 0, [], 1])
    }),
    { numRuns: 15 },
  )
}, 120_000)

const AT_SEA: ReadonlyArray<{ readonly radio: Fate[]; readonly network: Fate[] }> = [
  { radio: [], network: [] },
  { radio: ['before'], network: [] },
  { radio: [undefined, undefined, 'after'], network: [] },
  { radio: [], network: ['after'] },
  { radio: [], network: [undefined, 'after'] },
  { radio: [], network: [undefined, undefined, 'before'] },
]

test.each(AT_SEA)(
  'a holder moves to a new phone that asked first; lost by radio $radio, by network $network',
  async lost => {
    const { start, another, weather } = await world()
    const phone = await start()
    await phone.install()
    await phone.load({ amount: money(2000n), method: 'card' })
    const old = phone.state.purses[0]?.purse
    const { registered } = phone.state
    if (old === undefined || !registered?.secret)
      throw new Error('a phone that is installed has a purse and an account')
    const next = await another()
    expect(await next.register({ account: registered.account, secret: registered.secret })).toMatchObject({ ok: true })
    expect(await next.install()).toMatchObject({ ok: true })
    expect(await next.move({ from: old, to: undefined })).toMatchObject({
      ok: true,
      value: { move: { stage: 'leaving' } },
    })
    const here = next.state.purses[0]?.purse
    Object.assign(weather, lost)
    await phone.move({ from: undefined, to: here })
    Object.assign(weather, { radio: [], network: [] })
    if (phone.state.purses.length > 0) await phone.move({ from: undefined, to: here })
    expect(phone.state.purses).toEqual([])
    expect(await next.contact()).toMatchObject({ ok: true })
    expect(await next.show()).toMatchObject({ ok: true, value: { value: 2000n } })
  },
)
