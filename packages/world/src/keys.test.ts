/** A further version of the purses' keys goes out while people load and pay (PROTOCOL §8, F-15): real chips and center. */
import { SeededDice } from '@kozeni/base/dice'
import { versionsFrom, whyNotRevoke } from '@kozeni/center/purse-keys'
import { builtPurse } from '@kozeni/program/compile-node'
import { encodeCommand } from '@kozeni/protocol/apdu'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { seal } from '@kozeni/protocol/message'
import { INS, PURSE_AID, purseCommand, selectCommand } from '@kozeni/protocol/purse'
import { describe, expect, test } from 'vitest'
import { CounterWithNetwork, radioOf } from './counter-with-network.ts'
import { type Holder, Town } from './town.ts'

const module = await builtPurse()
const DAY_MS = 86_400_000
const GRACE_MS = 4 * DAY_MS

async function townOf(seed: number, people: number): Promise<{ town: Town; holders: Holder[] }> {
  const town = new Town(seed, module)
  const holders: Holder[] = []
  for (let i = 0; i < people; i++) {
    const holder = await town.settleIn()
    await town.fund(holder, 5000n)
    await town.contact(holder)
    holders.push(holder)
  }
  return { town, holders }
}

/** Where a purse and its chip stand with their keys, by the book. */
const standing = async (town: Town, holder: Holder) => {
  const { keyVersion, keyFloor, settings, settingsSeen } = await town.purse(holder)
  return { keyVersion, keyFloor, settled: settings === settingsSeen }
}

/** What a phone does by itself within a few days: a contact, and an installation contact. */
async function come(town: Town, holder: Holder): Promise<void> {
  for (let times = 0; times < 2; times++) {
    expect((await town.contact(holder)).ended).toBe('done')
    expect((await town.install(holder)).ended).toBe('done')
  }
  expect((await town.contact(holder)).ended).toBe('done')
}

const revocable = async (town: Town, version: number) =>
  whyNotRevoke(version, await town.keyUses(), {
    keyVersion: town.vault.keyVersion,
    now: town.clock.now(),
    graceMs: GRACE_MS,
  })

// by chance 2 a contact once ended before it came to its pay: the floor rose while the chip refused older settings
test.each([1, 2, 3])(
  'while keys are rotated no load, no pay and no debit is refused, whatever is lost (chance %i)',
  async seed => {
    const { town, holders } = await townOf(seed, 3)
    const dice = new SeededDice(seed)
    const store = await town.openStore()
    const counter = await CounterWithNetwork.open(town, store, seed)
    const spent = new Map<Holder, bigint>(holders.map(holder => [holder, 0n]))
    for (let turn = 0; turn < 90; turn++) {
      if (turn === 10 || turn === 50) town.vault.rotate(town.clock.now() + 60_000)
      const holder = holders[dice.below(holders.length)] as Holder
      const act = dice.below(5)
      town.clock.advance(20_000)
      if (act === 0) {
        await town.fund(holder, 10n)
        spent.set(holder, (spent.get(holder) ?? 0n) - 10n)
        expect((await town.contact(holder)).ended).toBe('done')
      }
      if (act === 1) {
        expect(await town.pay(holder, town.sale(store, 7n))).toMatchObject({ ok: true })
        expect((await town.contact(holder)).ended).toBe('done')
        spent.set(holder, (spent.get(holder) ?? 0n) + 7n)
      }
      if (act === 2) {
        counter.online = true
        await counter.upload()
        counter.online = dice.below(2) === 0
        expect(await counter.sell(3n, radioOf(holder))).toMatchObject({ value: { outcome: 'done' } })
        spent.set(holder, (spent.get(holder) ?? 0n) + 3n)
      }
      if (act === 3)
        await town.install(holder, { lost: dice.below(2) === 0 ? 'turn' : 'answers', at: 1 + dice.below(4) })
      if (act === 4) await town.install(holder)
    }
    counter.online = true
    await counter.upload()
    for (const holder of holders) {
      await come(town, holder)
      await come(town, holder)
      expect(await standing(town, holder)).toEqual({ keyVersion: 4, keyFloor: 4, settled: true })
      const { credits, debits } = await town.purse(holder)
      expect(credits - debits).toBe(5000n - (spent.get(holder) ?? 0n))
    }
    expect(await town.audit()).toMatchObject({ findings: [], unexplained: 0n })
    expect([...town.book.tables.alarm.values()]).toEqual([])
  },
  60_000,
)

test('one step at a time, each on the chip’s word: the floor, the next version, its use, the floor again', async () => {
  const { town, holders } = await townOf(4, 1)
  const [holder] = holders as [Holder]
  town.vault.rotate()
  expect(await standing(town, holder)).toEqual({ keyVersion: 2, keyFloor: 1, settled: true })
  await town.install(holder)
  expect((await town.purse(holder)).keyVersion).toBe(2) // there is no room for it yet
  await town.contact(holder, { lost: 'turn', at: 2 })
  expect(await standing(town, holder)).toEqual({ keyVersion: 2, keyFloor: 2, settled: false })
  await town.install(holder)
  expect((await town.purse(holder)).keyVersion).toBe(2) // the chip has not said that it has the floor
  await town.contact(holder)
  await town.install(holder, { lost: 'answers', at: 3 })
  expect((await town.purse(holder)).keyVersion).toBe(2) // the chip may have it, and nobody knows
  await town.contact(holder)
  await town.install(holder)
  expect(await standing(town, holder)).toEqual({ keyVersion: 3, keyFloor: 2, settled: true })
  await town.contact(holder)
  expect(await standing(town, holder)).toEqual({ keyVersion: 3, keyFloor: 3, settled: true })
})

test('a purse that missed versions gets one after the other', async () => {
  const { town, holders } = await townOf(5, 1)
  const [holder] = holders as [Holder]
  town.vault.rotate()
  town.vault.rotate()
  await town.contact(holder)
  await town.install(holder)
  expect((await town.purse(holder)).keyVersion).toBe(3)
  await town.contact(holder)
  await town.install(holder)
  await town.contact(holder)
  expect(await standing(town, holder)).toEqual({ keyVersion: 4, keyFloor: 4, settled: true })
})

// world 35: such a chip had no room for the newest, and was told to take it for ever
test('a version that a chip has taken and nobody has heard of does not stand in the way of later ones', async () => {
  const { town, holders } = await townOf(8, 1)
  const [holder] = holders as [Holder]
  town.vault.rotate()
  await town.contact(holder)
  await town.contact(holder)
  await town.install(holder, { lost: 'answers', at: 3 })
  expect((await town.purse(holder)).keyVersion).toBe(2) // the chip has 3
  town.vault.rotate()
  await come(town, holder)
  expect(await standing(town, holder)).toEqual({ keyVersion: 4, keyFloor: 4, settled: true })
})

/** A purse whose chip has gone from version 2 to 4, and the book from before that. */
async function forgetfulTown(seed: number): Promise<{ town: Town; holder: Holder; counter: CounterWithNetwork }> {
  const { town, holders } = await townOf(seed, 1)
  const [holder] = holders as [Holder]
  const counter = await CounterWithNetwork.open(town, await town.openStore(), seed)
  await counter.sell(3n, radioOf(holder))
  counter.online = true
  await counter.upload()
  await town.beat()
  const backup = town.backup()
  town.vault.rotate()
  await come(town, holder)
  town.vault.rotate()
  await come(town, holder)
  expect(await standing(town, holder)).toEqual({ keyVersion: 4, keyFloor: 4, settled: true })
  await town.fund(holder, 20n)
  await town.contact(holder)
  await town.beat()
  town.restore(backup)
  await town.beat()
  return { town, holder, counter }
}

describe('a chip that has shut out all the keys that a restored book knows', () => {
  test('is spoken to under later ones, and its own word says which: it comes to rest', async () => {
    const { town, holder } = await forgetfulTown(9)
    expect((await town.purse(holder)).keyVersion).toBe(2)
    expect((await town.contact(holder)).ended).toBe('done')
    expect(await standing(town, holder)).toEqual({ keyVersion: 4, keyFloor: 4, settled: true })
    await town.fund(holder, 7n)
    await come(town, holder)
    const { flag, epoch, seenCredits } = await town.purse(holder)
    expect({ flag, epoch, seenCredits }).toEqual({ flag: false, epoch: 2, seenCredits: 5027n })
  })

  test('also where the older ones were destroyed since', async () => {
    const { town, holder } = await forgetfulTown(10)
    for (const version of [1, 2, 3]) town.vault.revoke(version)
    expect((await town.contact(holder)).ended).toBe('done')
    expect(await standing(town, holder)).toEqual({ keyVersion: 4, keyFloor: 4, settled: true })
  })

  test('and is fenced by a till that carries the fence under each of them', async () => {
    const { town, holder, counter } = await forgetfulTown(12)
    await counter.upload()
    counter.online = false
    await counter.sell(5n, radioOf(holder))
    expect((await town.purse(holder)).epoch).toBe(1)
    counter.online = true
    await counter.upload()
    expect(await town.purse(holder)).toMatchObject({ epoch: 2, keyVersion: 4 })
  })

  test('and is not believed under any key that nobody has made', async () => {
    const { town, holder } = await forgetfulTown(11)
    expect(versionsFrom(2, holder.purse, town.vault)).toEqual([2, 3, 4])
    town.vault.revoke(4)
    expect(await town.contact(holder)).toMatchObject({ ended: 'refused', refusal: { code: 'key-version-unknown' } })
    expect((await town.purse(holder)).keyVersion).toBe(2)
  })
})

test('a version that is made is not used before every center can have it', async () => {
  const { town, holders } = await townOf(6, 1)
  const [holder] = holders as [Holder]
  town.vault.rotate(town.clock.now() + 60_000)
  await come(town, holder)
  expect((await town.purse(holder)).keyVersion).toBe(2)
  town.clock.advance(60_000)
  await come(town, holder)
  expect((await town.purse(holder)).keyVersion).toBe(3)
})

test('a version is revoked only when no chip accepts it and no receipt under it can come; then nothing under it counts', async () => {
  const { town, holders } = await townOf(7, 2)
  const [anna, ben] = holders as [Holder, Holder]
  const counter = await CounterWithNetwork.open(town, await town.openStore(), 7)
  counter.online = false
  await counter.sell(30n, radioOf(anna))
  town.vault.rotate()
  await come(town, anna)
  expect(await revocable(town, 3)).toEqual({ reason: 'newest' })
  expect(await revocable(town, 2)).toEqual({ reason: 'accepted-by-chips', purses: 1 })
  await come(town, ben)
  expect(await revocable(town, 2)).toMatchObject({ reason: 'receipts-may-come' })
  counter.online = true
  await counter.upload()
  town.clock.advance(GRACE_MS)
  expect(await revocable(town, 2)).toBeUndefined()
  const old = town.vault.purseKeys(2, anna.purse)
  town.vault.revoke(1)
  town.vault.revoke(2)
  expect(town.vault.purseKeys(2, anna.purse)).toBeUndefined()
  await anna.reader.connect()
  await anna.reader.transmit(encodeCommand(selectCommand(PURSE_AID)))
  const forged = seal(crypto, old as NonNullable<typeof old>, anna.purse, { type: 'read', body: {} })
  const answer = await anna.reader.transmit(encodeCommand(purseCommand(INS.message, forged)))
  expect(answer?.length).toBe(2) // a bare status word: the chip knows it no more
  await anna.reader.disconnect()
  await town.fund(anna, 5n)
  expect((await town.contact(anna)).ended).toBe('done')
  expect(await town.audit()).toMatchObject({ findings: [], unexplained: 0n, onChips: 10_000n - 30n + 5n })
})
