import { utf8 } from '@kozeni/base/bytes'
import { StillClock } from '@kozeni/base/clock'
import { currency } from '@kozeni/base/currency'
import { SeededDice } from '@kozeni/base/dice'
import { id, type StoreId } from '@kozeni/base/ids'
import { money } from '@kozeni/base/money'
import { no } from '@kozeni/base/result'
import { nobleCrypto as crypto } from '@kozeni/protocol/crypto-noble'
import { makeNumber } from '@kozeni/protocol/number'
import { payLink } from '@kozeni/protocol/paylink'
import { refusal } from '@kozeni/protocol/refusal'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ModelCenter } from './center-for-tests.ts'
import { type Gone, ModelChip } from './chip-for-tests.ts'
import { Device, type DeviceMemory } from './device.ts'
import { MemoryDeviceMemory } from './device-memory.ts'
import { ExclusiveReader } from './exclusive-reader.ts'
import { Phone } from './phone.ts'

const STORE = id<StoreId>('0505050505050505')
const NOW_MS = 1_800_000_000_000

/** A sale as its store hands it over. */
function link(sequence: number, amount: bigint): string {
  const time = NOW_MS / 1000
  const transaction = {
    store: STORE,
    terminal: null,
    sequence,
    amount: money(amount),
    currency: currency('JPY'),
    time,
    expires: time + 600,
    orderReference: `order ${sequence}`,
    returnUrl: '',
    generation: 1,
    window: 1,
  }
  return payLink({ transaction, number: makeNumber(crypto, utf8('seed'), transaction) })
}

interface World {
  readonly chip: ModelChip
  readonly center: ModelCenter
  readonly clock: StillClock
  readonly memory: MemoryDeviceMemory
  /** Another run of the phone over the same memory, as after a crash. */
  start(memory?: DeviceMemory): Promise<Phone>
}

function world(seed = 9): World {
  const dice = new SeededDice(seed)
  const clock = new StillClock(NOW_MS)
  const chip = new ModelChip(dice)
  const center = new ModelCenter(chip, clock)
  const memory = new MemoryDeviceMemory()
  const shared = new ExclusiveReader(clock)
  const start = async (over: DeviceMemory = memory): Promise<Phone> => {
    const device = await Device.open(over, () => crypto.generate(dice))
    return new Phone({
      device,
      dial: center.dial,
      chip: () => shared.lane(chip),
      crypto,
      clock,
      dice,
      progress: () => {},
    })
  }
  return { chip, center, clock, memory, start }
}

async function installed(value = 0n): Promise<World & { readonly phone: Phone }> {
  const all = world()
  const phone = await all.start()
  expect(await phone.install()).toMatchObject({ ok: true })
  if (value > 0n) await phone.load({ amount: money(value), method: 'card' })
  expect(all.chip.value).toBe(value)
  return { ...all, phone }
}

const yes = async () => ({ agreed: true })

/** Takes one fate after the other, then nothing is lost any more. */
function fates<T>(list: readonly (T | undefined)[]): () => T | undefined {
  const left = [...list]
  return () => left.shift()
}

const ofCenter = fc.array(fc.constantFrom('there' as const, 'back' as const, undefined, undefined), { maxLength: 20 })
const ofChip = fc.array(fc.constantFrom<Gone>('before', 'after', undefined, undefined, undefined), { maxLength: 20 })

test('a blank chip becomes a purse, and the phone knows its own chip again with no network', async () => {
  const { phone, center } = await installed(1200n)
  center.lost = () => 'there'
  expect(await phone.show()).toMatchObject({ ok: true, value: { value: 1200n, frozen: false, currency: 'JPY' } })
  expect(await phone.freeze(true)).toMatchObject({ ok: true, value: { frozen: true } })
  expect(await phone.history(20)).toEqual({ ok: true, value: [] })
  expect(await phone.install()).toEqual(no(refusal('center-unreachable')))
})

test('whatever is lost during an installation, calling again ends it, with one purse', async () => {
  await fc.assert(
    fc.asyncProperty(ofCenter, ofChip, async (lost, gone) => {
      const { chip, center, start } = world()
      center.lost = fates(lost)
      chip.gone = fates(gone)
      for (let tries = 0; !(await (await start()).install()).ok; tries++) expect(tries).toBeLessThan(45)
      expect((await (await start()).show()).ok || gone.length > 0).toBe(true)
      expect(center.purse).toMatchObject({ stage: 'active', purse: (await start()).state.purses[0]?.purse })
      expect((await start()).state.purses).toHaveLength(1)
    }),
    { numRuns: 40 },
  )
})

test('an account whose secret was lost on its way is given up for one whose secret the holder has', async () => {
  const { center, start } = world()
  center.lost = fates(['back'])
  const phone = await start()
  const { key } = phone.state
  expect(await phone.register()).toMatchObject({ ok: false, refusal: { code: 'center-unreachable' } })
  expect(await phone.register()).toMatchObject({ ok: true, value: { secret: expect.any(String) } })
  expect(phone.state.key).not.toEqual(key)
  expect(await (await start()).register()).toEqual({ ok: true, value: phone.state.registered })
  expect(center.calls).toEqual(['registerDevice', 'registerDevice', 'registerDevice'])
})

test('a load that was asked for once is captured once and reaches the chip once, whatever is lost', async () => {
  await fc.assert(
    fc.asyncProperty(ofCenter, ofChip, async (lost, gone) => {
      const { chip, center, phone, start } = await installed()
      center.lost = fates(lost)
      chip.gone = fates(gone)
      await phone.load({ amount: money(500n), method: 'card' })
      const asked = phone.state.loads.length > 0 || center.captures > 0
      for (let tries = 0; tries < 45; tries++) await (await start()).recover()
      expect(center.captures).toBe(asked ? 1 : 0)
      expect(chip.value).toBe(asked ? 500n : 0n)
      expect((await start()).state.loads).toEqual([])
    }),
    { numRuns: 40 },
  )
})

/** Memory that the process dies over, before or after its `n`-th write. */
const dying = (memory: DeviceMemory, n: number, after: boolean): DeviceMemory => {
  let writes = 0
  return {
    read: () => memory.read(),
    write: async state => {
      const last = ++writes === n
      if (!last || after) await memory.write(state)
      if (last) throw new Error('killed')
    },
  }
}

test('killed at any write: nothing was sent whose key would not survive, and asking again is the same request', async () => {
  for (const n of [1, 2, 3])
    for (const after of [false, true]) {
      const { chip, center, memory, start } = await installed()
      const doomed = await start(dying(memory, n, after))
      await doomed.load({ amount: money(700n), method: 'card' }).catch(() => {})
      const phone = await start()
      expect(phone.state.loads.length).toBeGreaterThanOrEqual(chip.value > 0n ? 0 : center.captures)
      if (center.captures === 0) await phone.load({ amount: money(700n), method: 'card' })
      await phone.recover()
      expect([n, after, center.captures, chip.value]).toEqual([n, after, 1, 700n])
      expect(phone.state.loads).toEqual([])
    }
})

test('while the answer is not known the same load asked again is one; once it is known it is another', async () => {
  const { chip, center, start } = await installed()
  const load = { amount: money(300n), method: 'card' }
  center.lost = fates(['back'])
  expect(await (await start()).load(load)).toMatchObject({ ok: false, refusal: { code: 'center-unreachable' } })
  const phone = await start()
  expect(await phone.load(load)).toMatchObject({ ok: true, value: { load: { stage: 'loaded' } } })
  expect([center.captures, chip.value]).toEqual([1, 300n])
  await phone.load(load)
  expect([center.captures, chip.value]).toEqual([2, 600n])
})

test('a load that was refused is forgotten; it is never sent again behind the holder’s back', async () => {
  const { center, phone } = await installed()
  expect(await phone.load({ amount: money(300n), method: 'declined' })).toEqual(no(refusal('funding-declined')))
  const calls = center.calls.filter(name => name === 'createLoad').length
  await phone.recover()
  expect(center.calls.filter(name => name === 'createLoad')).toHaveLength(calls)
})

test('a load wished back before it was opened is given back', async () => {
  const { chip, center, phone } = await installed()
  chip.gone = () => 'before'
  center.lost = fates([undefined, 'there', 'there'])
  await phone.load({ amount: money(300n), method: 'card' })
  chip.gone = () => undefined
  const name = phone.state.loads[0]?.load
  expect(name && (await phone.cancelLoad(name))).toMatchObject({ ok: true, value: { load: { stage: 'given-back' } } })
  expect([chip.value, phone.state.loads.length]).toEqual([0n, 0])
})

test('a sale is paid: the holder has seen store and amount, and the proof is there for the store', async () => {
  const { chip, phone } = await installed(1000n)
  const seen: unknown[] = []
  const paid = await phone.pay(link(1, 400n), async asked => {
    seen.push(asked)
    return { agreed: true }
  })
  expect(seen).toMatchObject([
    { transaction: { store: STORE, amount: 400n }, pinWanted: false, purse: { value: 1000n } },
  ])
  expect(paid).toMatchObject({ ok: true, value: { verdict: 'paid', proof: expect.any(String) } })
  expect(chip.value).toBe(600n)
  expect(await phone.pay(link(1, 400n), yes)).toEqual(paid)
  expect(chip.value).toBe(600n)
})

test('what the holder does not agree to, and what is no link, never leaves the phone', async () => {
  const { center, phone } = await installed(1000n)
  const calls = center.calls.length
  expect(await phone.pay(link(1, 400n), async () => ({ agreed: false }))).toEqual(no(refusal('holder-declined')))
  for (const text of ['', 'https://shop.example/', link(1, 400n).slice(0, -2), link(1, 400n).replace('t=', 't=A')])
    expect(await phone.pay(text, yes)).toMatchObject({ ok: false, refusal: { code: 'data-wrong' } })
  expect(center.calls).toHaveLength(calls)
  expect(phone.state.payments).toEqual([])
})

test('the screen says paid or not paid only when the center has decided so, else pending, whatever is lost', async () => {
  await fc.assert(
    fc.asyncProperty(ofCenter, ofChip, fc.bigInt({ min: 1n, max: 1500n }), async (lost, gone, amount) => {
      const { chip, center, phone, start } = await installed(1000n)
      center.lost = fates(lost)
      chip.gone = fates(gone)
      const said = await phone.pay(link(1, amount), yes)
      const decided = [...center.payments.values()][0]?.verdict
      if (said.ok && said.value.verdict !== 'pending') expect(said.value.verdict).toBe(decided)
      if (!said.ok) expect(decided).toBeUndefined()
      for (let tries = 0; tries < 45; tries++) await (await start()).recover()
      const final = [...center.payments.values()][0]?.verdict
      expect(final).not.toBe('pending')
      expect(chip.value).toBe(final === 'paid' ? 1000n - amount : 1000n)
    }),
    { numRuns: 60 },
  )
})

test('a pay whose opening was not answered stays pending, is asked after, and is never opened by the phone alone', async () => {
  const { center, clock, phone } = await installed(1000n)
  center.lost = fates(['there'])
  expect(await phone.pay(link(1, 400n), yes)).toMatchObject({
    ok: true,
    value: { verdict: 'pending', hindrance: { code: 'center-unreachable' } },
  })
  expect(await phone.recover()).toMatchObject({ ok: true, value: { payments: [{ value: { verdict: 'pending' } }] } })
  clock.advance(1_000_000)
  expect(await phone.recover()).toMatchObject({
    ok: true,
    value: { payments: [{ refusal: { code: 'sale-expired' } }] },
  })
  expect(center.payments.size).toBe(0)
  expect(phone.state.payments).toEqual([])
})

test('above the PIN’s limit the PIN opens this one sale; a wrong one costs a try, and the same sale goes on', async () => {
  const { chip, center, phone } = await installed(1000n)
  chip.pinAbove = money(100n)
  expect(await phone.setPin('2468')).toMatchObject({ ok: true, value: { pinSet: true } })
  const wanted: boolean[] = []
  const type = (pin?: string) => async (asked: { readonly pinWanted: boolean }) => {
    wanted.push(asked.pinWanted)
    return { agreed: true, pin }
  }
  expect(await phone.pay(link(1, 50n), type())).toMatchObject({ ok: true, value: { verdict: 'paid' } })
  expect(await phone.pay(link(2, 400n), type('1357'))).toMatchObject({
    ok: true,
    value: { verdict: 'pending', hindrance: { code: 'pin-wrong', facts: { triesLeft: 2 } } },
  })
  expect(chip.value).toBe(950n)
  expect(await phone.pay(link(2, 400n), type('2468'))).toMatchObject({ ok: true, value: { verdict: 'paid' } })
  expect(wanted).toEqual([false, true, true])
  expect([chip.value, center.payments.size]).toEqual([550n, 2])
})

test('a PIN is changed by whoever knows it, and is four to eight digits', async () => {
  const { phone } = await installed()
  for (const pin of ['', '123', '123456789', '12a4', '１２３４'])
    expect(await phone.setPin(pin)).toMatchObject({ ok: false, refusal: { code: 'data-wrong' } })
  expect(await phone.setPin('1234')).toMatchObject({ ok: true })
  expect(await phone.setPin('5678')).toEqual(no(refusal('pin-required')))
  expect(await phone.setPin('5678', '0000')).toEqual(no(refusal('pin-wrong', { triesLeft: 2 })))
  expect(await phone.setPin('5678', '1234')).toMatchObject({ ok: true })
  expect(await phone.verifyPin({ pin: '5678', digest: new Uint8Array(32) })).toMatchObject({ ok: true })
})

test('another chip, or another device, opens no session', async () => {
  const { chip, phone, start } = await installed()
  chip.device = { key: new ModelChip(new SeededDice(4)).publicKey }
  expect(await phone.show()).toEqual(no(refusal('signature-wrong')))
  const other = world(10)
  await (await other.start()).install()
  const { state } = await start()
  await other.memory.write({ ...(await other.start()).state, purses: state.purses })
  expect(await (await other.start()).show()).toMatchObject({ ok: false })
})

test('before there is a purse every order says so', async () => {
  const phone = await world().start()
  for (const answer of [phone.show(), phone.contact(), phone.load({ amount: money(1n), method: 'card' })])
    expect(await answer).toEqual(no(refusal('purse-not-active')))
})
