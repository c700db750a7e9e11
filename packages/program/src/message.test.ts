/** What is sealed between center and chip: authenticity and keys (F-15), settings (F-14), fences and their ring (F-12). */

import { nobleCrypto } from '@kozeni/protocol/crypto-noble'
import { MESSAGE_TYPE } from '@kozeni/protocol/header'
import { seal } from '@kozeni/protocol/message'
import { GROUP, INS, keySet } from '@kozeni/protocol/purse'
import { WIRE } from '@kozeni/protocol/refusal'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { commandOf, digestOfOrder, EPOCH, keysOf, type Order, PURSE } from './purse-for-tests.ts'
import { purseFrom } from './purse-from-source-node.ts'

const purse = await purseFrom()
const sw = (code: keyof typeof WIRE): number => WIRE[code].statusWord
const OK = 0x9000
const load = (number: number, more: Partial<Order> = {}): Order => ({
  epoch: EPOCH,
  number,
  kind: 'load',
  amount: 5n,
  ...more,
})

/** `count` loads, each confirmed by the next one's prev. */
function loaded(count: number) {
  const mine = purse()
  for (let number = 1; number <= count; number++)
    mine.command(load(number, { prev: { epoch: EPOCH, number: number - 1 } }))
  return mine
}

test('not one bit of a sealed message can be changed', () => {
  const mine = purse()
  const good = seal(nobleCrypto, keysOf(1), PURSE, commandOf(load(1)))
  const before = new Map(mine.chip.pages)
  fc.assert(
    fc.property(fc.nat({ max: 8 * good.length - 1 }), bit => {
      const bad = good.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
      const { statusWord, data } = mine.chip.send(INS.message, bad)
      expect([sw('mac-wrong'), sw('key-version-unknown')]).toContain(statusWord)
      expect(data).toHaveLength(0)
    }),
  )
  expect(mine.chip.pages).toEqual(before)
})

test('every byte of a tag counts, also where there is no body that it would garble', () => {
  const mine = purse()
  const good = seal(nobleCrypto, keysOf(1), PURSE, { type: 'read', body: {} })
  for (let at = 3; at < 3 + 16; at++) {
    const bad = good.with(at, (good[at] ?? 0) ^ 1)
    expect(mine.chip.send(INS.message, bad).statusWord).toBe(sw('mac-wrong'))
  }
})

test('a message sealed for another purse, or by the chip itself, is none', () => {
  const mine = purse()
  const other = { ...keysOf(1), mac: keysOf(2).mac }
  expect(mine.chip.send(INS.message, seal(nobleCrypto, other, PURSE, commandOf(load(1)))).statusWord).toBe(
    sw('mac-wrong'),
  )
  expect(mine.sayRaw(MESSAGE_TYPE.command, new Uint8Array(39), 2)).toBe(sw('mac-wrong'))
  expect(mine.chip.send(INS.message, mine.deliver({ type: 'read', body: {} }).data).statusWord).toBe(sw('length-wrong'))
})

test('an authentic message of a length or type that none has is answered with a result that says so', () => {
  const mine = purse()
  const before = mine.read()
  expect(mine.sayRaw(MESSAGE_TYPE.command, new Uint8Array(38))).toEqual({ ...before, status: sw('length-wrong') })
  expect(mine.sayRaw(MESSAGE_TYPE.fence, new Uint8Array(0))).toMatchObject({ status: sw('length-wrong'), ring: {} })
  expect(mine.sayRaw(0x7f, new Uint8Array(0))).toEqual({ ...before, status: sw('instruction-unknown') })
})

test('too short or too long to be a message is a wrong length', () => {
  for (const size of [0, 18, 69, 600])
    expect(purse().chip.send(INS.message, new Uint8Array(size)).statusWord).toBe(sw('length-wrong'))
})

test('a message counts under either key version that the chip has, and is answered under the same', () => {
  const mine = purse()
  const first = mine.command(load(1), 1)
  expect(mine.command(load(1), 2)).toEqual(first)
  expect(mine.deliver(commandOf(load(1)), 3).statusWord).toBe(sw('key-version-unknown'))
})

test('below the key floor no message counts; the order that raised it is still answered under its own version', () => {
  const mine = purse()
  expect(mine.set({ keyFloor: 2 })).toMatchObject({ status: OK })
  expect(mine.deliver(commandOf(load(1)), 1).statusWord).toBe(sw('key-version-unknown'))
  expect(mine.command(load(1), 2)).toMatchObject({ outcome: 'applied' })
})

test('the key floor never falls, and is never raised above every key on the chip', () => {
  const mine = purse()
  expect(mine.set({ keyFloor: 3 })).toMatchObject({ status: sw('data-wrong'), settings: 1 })
  mine.set({ keyFloor: 2 })
  expect(mine.deliver({ type: 'read', body: {} }, 1).statusWord).toBe(sw('key-version-unknown'))
  expect(mine.say(mine.nextSettings({ keyFloor: 0 }), 2)).toMatchObject({ status: OK })
  expect(mine.deliver({ type: 'read', body: {} }, 1).statusWord).toBe(sw('key-version-unknown'))
})

test('keys change with no message refused on the way: new beside old, floor raised, the old slot free for the next', () => {
  const mine = purse()
  const third = keySet.write(keysOf(3))
  expect(mine.store(GROUP.keys, third).statusWord).toBe(sw('key-version-unknown'))
  mine.set({ keyFloor: 2 })
  expect(mine.store(GROUP.keys, third).statusWord).toBe(OK)
  expect(mine.command(load(1), 2)).toMatchObject({ outcome: 'applied' })
  expect(mine.command(load(1), 3)).toMatchObject({ outcome: 'applied' })
  expect(mine.store(GROUP.keys, keySet.write(keysOf(1))).statusWord).toBe(sw('key-version-unknown'))
})

test('settings with a higher number replace in one write, beside an open operation, and touch nothing of it', () => {
  const mine = purse()
  const open = mine.command(load(1))
  const { writes } = mine.chip
  expect(mine.set({ blocked: true })).toEqual({ ...open, settings: 2, blocked: true })
  expect(mine.chip.writes - writes).toBe(1)
})

test('settings of the same or a lower number are answered with those that stand', () => {
  const mine = purse()
  const message = mine.nextSettings({ blocked: true })
  const stands = mine.say(message)
  const { writes } = mine.chip
  expect(mine.say(message)).toEqual({ ...stands, status: sw('settings-past') })
  mine.set({ blocked: false, time: 2_000_000_000 })
  expect(mine.say(message)).toMatchObject({ status: sw('settings-past'), blocked: false, settings: 3 })
  expect(mine.chip.writes - writes).toBe(1)
})

test('a later epoch makes any settings number higher; the time they bring never falls', () => {
  const mine = purse()
  mine.set({ time: 2_000_000_000 })
  expect(mine.set({ epoch: EPOCH + 1, settings: 0, time: 5 })).toMatchObject({
    status: OK,
    settingsEpoch: 2,
    settings: 0,
    time: 2_000_000_000,
  })
})

test('a flag that is neither 00 nor 01 is refused with all the settings around it', () => {
  const mine = purse()
  const body = new Uint8Array(42).fill(2)
  expect(mine.sayRaw(MESSAGE_TYPE.set, body)).toMatchObject({ status: sw('data-wrong'), settings: 1 })
})

test('a fence is taken over a raised flag, raises the floor and touches nothing else', () => {
  const mine = purse()
  const open = mine.command(load(1))
  const { writes } = mine.chip
  const { ring, ...stands } = mine.fence(EPOCH + 1)
  expect(stands).toEqual({ ...open, epochFloor: EPOCH + 1 })
  expect(ring[0]).toEqual({ epoch: EPOCH, number: 1, kind: 1, digest: digestOfOrder(load(1)), outcome: 'applied' })
  expect(mine.fence(EPOCH + 1)).toEqual({ ...stands, ring })
  expect(mine.fence(EPOCH)).toEqual({ ...stands, ring, status: sw('epoch-past') })
  expect(mine.chip.writes - writes).toBe(1)
})

test('below the floor command and abort are refused, even of the kept record; its confirm still works', () => {
  const mine = purse()
  mine.command(load(1))
  const { ring: _, ...stands } = mine.fence(EPOCH + 1)
  expect(mine.command(load(1))).toEqual({ ...stands, status: sw('epoch-past') })
  expect(mine.command(load(2))).toEqual({ ...stands, status: sw('epoch-past') })
  expect(mine.abort(load(2))).toEqual({ ...stands, status: sw('epoch-past') })
  expect(mine.confirm({ epoch: EPOCH, number: 1 })).toEqual({ ...stands, flag: false })
  expect(mine.command(load(1, { epoch: EPOCH + 1 }))).toMatchObject({ status: OK, outcome: 'applied', credits: 10n })
})

test('after a fence the first command of the new epoch may bring the confirm of the kept record with it', () => {
  const mine = purse()
  mine.command(load(1))
  mine.fence(EPOCH + 1)
  const next = load(2, { epoch: EPOCH + 1, prev: { epoch: EPOCH, number: 1 } })
  expect(mine.command(next)).toMatchObject({ outcome: 'applied', credits: 10n })
})

test.each([0, 1, 5, 8, 12])(
  'after %i operations a fence reports the last eight of them, newest first, the pending one on top',
  count => {
    const { ring } = loaded(count).fence(EPOCH + 1)
    const numbers = Array.from({ length: 8 }, (_, back) => Math.max(count - back, 0))
    expect(ring.map(({ number }) => number)).toEqual(numbers)
    expect(ring.map(({ outcome }) => outcome)).toEqual(numbers.map(number => (number > 0 ? 'applied' : 'none')))
    for (const { number, digest } of ring) if (number > 0) expect(digest).toEqual(digestOfOrder(load(number)))
  },
)

test('reading changes nothing', () => {
  const mine = loaded(1)
  const pages = new Map(mine.chip.pages)
  mine.read()
  expect(mine.chip.pages).toEqual(pages)
})
