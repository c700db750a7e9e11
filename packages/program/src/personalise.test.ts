/** A blank program becomes a purse (P-1, P-2), what stays open afterwards (C-9, F-15), and when it may go (C-5). */
import { SeededDice } from '@kozeni/base/dice'
import { nobleCrypto } from '@kozeni/protocol/crypto-noble'
import { acquaintance } from '@kozeni/protocol/debit'
import { GROUP, greeting, INS, keySet } from '@kozeni/protocol/purse'
import { WIRE } from '@kozeni/protocol/refusal'
import { expect, test } from 'vitest'
import { PowerCut } from './chip-for-tests.ts'
import { builtPurse } from './compile-node.ts'
import { blank, certificateFor, EPOCH, IDENTITY, keysOf, NOW, type PurseForTests, till } from './purse-for-tests.ts'
import { purseFrom } from './purse-from-source-node.ts'

const module = new WebAssembly.Module(await builtPurse())
const purse = await purseFrom()
const shop = till('0606060606060606')
const sw = (code: keyof typeof WIRE): number => WIRE[code].statusWord
const OK = 0x9000
const keys = (version: number) => keySet.write(keysOf(version))

/** Identity, keys and key pair: everything but certificate and activation. */
function halfDone(): PurseForTests {
  const mine = blank(module)
  mine.store(GROUP.identity, IDENTITY)
  mine.store(GROUP.keys, keys(1))
  mine.publicKey = mine.store(GROUP.makeKey).data
  return mine
}

test('before activation every instruction is told that this is nobody’s purse; SELECT greets', () => {
  for (const mine of [blank(module), halfDone()]) {
    expect(greeting.read(mine.chip.select().data)?.version).toBe(1)
    for (const ins of Object.values(INS))
      expect(mine.chip.send(ins, new Uint8Array(9)).statusWord).toBe(sw('not-personalised'))
    expect(mine.chip.ask('removable')).toBe(1)
  }
})

test('identity comes first, a certificate after the key, activation last', () => {
  const mine = blank(module)
  expect(mine.store(GROUP.keys, keys(1)).statusWord).toBe(sw('not-personalised'))
  expect(mine.store(GROUP.makeKey).statusWord).toBe(sw('not-personalised'))
  expect(mine.store(GROUP.activate).statusWord).toBe(sw('not-personalised'))
  mine.store(GROUP.identity, IDENTITY)
  expect(mine.store(GROUP.certificate, certificateFor(new Uint8Array(65))).statusWord).toBe(sw('not-personalised'))
  const key = mine.store(GROUP.makeKey).data
  mine.store(GROUP.certificate, certificateFor(key))
  expect(mine.store(GROUP.activate).statusWord).toBe(sw('not-personalised'))
  mine.store(GROUP.keys, keys(1))
  expect(mine.store(GROUP.activate).statusWord).toBe(OK)
})

test('a fresh purse holds nothing, and its limits are zero until the first settings', () => {
  const mine = halfDone()
  mine.store(GROUP.certificate, certificateFor(mine.publicKey))
  mine.store(GROUP.activate)
  expect(mine.read()).toMatchObject({
    status: OK,
    epoch: EPOCH,
    number: 0,
    outcome: 'none',
    flag: false,
    time: NOW,
    epochFloor: EPOCH,
  })
  expect(mine.command({ epoch: EPOCH, number: 1, kind: 'load', amount: 1n })).toMatchObject({ outcome: 'rejected' })
})

test('every group may be repeated, before activation and after; the chip never makes a second key', () => {
  const groups = (mine: PurseForTests) => [
    mine.store(GROUP.identity, IDENTITY),
    mine.store(GROUP.keys, keys(1)),
    mine.store(GROUP.makeKey),
    mine.store(GROUP.certificate, certificateFor(mine.publicKey)),
  ]
  const mine = halfDone()
  const once = groups(mine)
  expect(once.map(({ statusWord }) => statusWord)).toEqual([OK, OK, OK, OK])
  expect(once[2]?.data).toEqual(mine.publicKey)
  mine.store(GROUP.activate)
  const { writes } = mine.chip
  expect(groups(mine)).toEqual(once)
  expect(mine.store(GROUP.activate).statusWord).toBe(OK)
  expect(mine.chip.writes).toBe(writes)
})

test('a power cut at any write of personalisation is mended by doing all of it again', () => {
  for (let cut = 0; cut < 6; cut++) {
    const mine = blank(module)
    mine.chip.writesLeft = cut
    expect(() => mine.personalise()).toThrow(PowerCut)
    expect(mine.personalise().read()).toMatchObject({ status: OK, number: 0 })
  }
})

test('the same purse may get another device until it is active, and another purse never', () => {
  const mine = halfDone()
  const otherDevice = IDENTITY.slice()
  otherDevice[8] = 0x11
  const otherPurse = IDENTITY.slice()
  otherPurse[0] = 0x11
  expect(mine.store(GROUP.identity, otherDevice).statusWord).toBe(OK)
  expect(mine.store(GROUP.identity, otherPurse).statusWord).toBe(sw('data-wrong'))
  expect(purse().store(GROUP.identity, otherDevice).statusWord).toBe(sw('data-wrong'))
})

test('a chip holds two versions of keys, never two keys of one version, and no version 0', () => {
  const mine = halfDone()
  const changed = keys(1)
  changed[5] = 0
  expect(mine.store(GROUP.keys, changed).statusWord).toBe(sw('data-wrong'))
  expect(mine.store(GROUP.keys, new Uint8Array(81)).statusWord).toBe(sw('data-wrong'))
  expect(mine.store(GROUP.keys, keys(2)).statusWord).toBe(OK)
  expect(mine.store(GROUP.keys, keys(3)).statusWord).toBe(sw('key-version-unknown'))
  expect(mine.store(GROUP.keys, new Uint8Array(81)).statusWord).toBe(sw('data-wrong'))
})

test('keys come in rising versions, also while there is room', () => {
  const mine = blank(module)
  mine.store(GROUP.identity, IDENTITY)
  expect(mine.store(GROUP.keys, keys(2)).statusWord).toBe(OK)
  expect(mine.store(GROUP.keys, keys(1)).statusWord).toBe(sw('key-version-unknown'))
  expect(mine.store(GROUP.keys, keys(3)).statusWord).toBe(OK)
})

test('a certificate is the issuer’s, of this purse and this key', () => {
  const mine = halfDone()
  const { publicKey } = mine
  const other = nobleCrypto.publicKey(nobleCrypto.generate(new SeededDice(5)))
  const bad = certificateFor(publicKey)
  bad[20] = 0xee
  expect(mine.store(GROUP.certificate, bad).statusWord).toBe(sw('signature-wrong'))
  expect(mine.store(GROUP.certificate, certificateFor(other)).statusWord).toBe(sw('data-wrong'))
  expect(mine.store(GROUP.certificate, shop.certificate).statusWord).toBe(sw('length-wrong'))
})

test('a later certificate replaces the one before, also in operation; an earlier one changes nothing', () => {
  const mine = purse()
  const later = certificateFor(mine.publicKey, NOW + 2_000_000)
  const shown = () => acquaintance.read(mine.select().introduce(shop).data)?.certificate
  expect(mine.store(GROUP.certificate, later).statusWord).toBe(OK)
  expect(shown()).toEqual(later)
  expect(mine.store(GROUP.certificate, certificateFor(mine.publicKey, NOW + 1)).statusWord).toBe(OK)
  expect(shown()).toEqual(later)
})

test('a group of another length than it says, or that is none, is refused', () => {
  const mine = blank(module)
  expect(mine.store(GROUP.identity, IDENTITY.slice(1)).statusWord).toBe(sw('length-wrong'))
  expect(mine.store(0x7f).statusWord).toBe(sw('data-wrong'))
  for (const bad of [[], [1], [1, 0], [1, 0, 1], [4, 0, 0, 0]])
    expect(mine.chip.personalise(Uint8Array.of(...bad)).statusWord).toBe(sw('length-wrong'))
})

test('a purse may go only when it is empty, confirmed, and all its receipts are acknowledged', () => {
  const mine = purse()
  const at = (number: number) => ({ epoch: EPOCH, number })
  expect(mine.chip.ask('removable')).toBe(1)
  mine.command({ ...at(1), kind: 'load', amount: 10n })
  mine.confirm(at(1))
  expect(mine.chip.ask('removable')).toBe(0)
  mine.meet(shop).receiptFor(shop, { seq: 0, amount: 4n, sale: 1 })
  mine.command({ ...at(2), kind: 'sweep', amount: 0n })
  expect(mine.chip.ask('removable')).toBe(0)
  mine.confirm(at(2))
  expect(mine.chip.ask('removable')).toBe(0)
  mine.confirm(at(2), { amount: 4n, count: 1 })
  expect(mine.chip.ask('removable')).toBe(1)
  mine.abort({ ...at(3), kind: 'load', amount: 1n })
  expect(mine.chip.ask('removable')).toBe(0)
  mine.confirm(at(3))
  expect(mine.chip.ask('removable')).toBe(1)
})

test('the layout of its record has version 1', () => {
  expect(blank(module).chip.ask('version')).toBe(1)
})

test('a class, an instruction, parameters or a length that it does not know are each refused by their own word', () => {
  const { chip } = purse()
  expect(chip.send(INS.message, new Uint8Array(20), { cla: 0 }).statusWord).toBe(0x6e00)
  expect(chip.send(0x7e, new Uint8Array(20)).statusWord).toBe(sw('instruction-unknown'))
  expect(chip.send(INS.message, new Uint8Array(20), { p2: 1 }).statusWord).toBe(sw('data-wrong'))
  for (const bad of [[], [0x80, 0x10, 0, 0], [0x80, 0x10, 0, 0, 0, 1], [0x80, 0x10, 0, 0, 0, 0, 0]])
    expect(chip.raw(Uint8Array.of(...bad)).statusWord).toBe(sw('length-wrong'))
})

test('a record of another layout stops the program: it is neither read nor taken for none', () => {
  const { chip } = purse()
  chip.pages.set(0, new Uint8Array(12))
  expect(() => chip.send(INS.message, new Uint8Array(20))).toThrow(WebAssembly.RuntimeError)
  expect(() => chip.ask('removable')).toThrow(WebAssembly.RuntimeError)
})
