import { NO_BYTES } from '@kozeni/base/bytes'
import { SeededDice } from '@kozeni/base/dice'
import { money } from '@kozeni/base/money'
import { no, type Result } from '@kozeni/base/result'
import { type HolderSession, openSession, selectPurse } from '@kozeni/phone/holder-session'
import { ChipForTests } from '@kozeni/program/chip-for-tests'
import { compilePurse } from '@kozeni/program/compile-node'
import {
  commandOf,
  DEVICE,
  deviceKey,
  digestOfOrder,
  EPOCH,
  type Order,
  PURSE,
  PurseForTests,
  till,
} from '@kozeni/program/purse-for-tests'
import { decodeCommand, encodeResponse } from '@kozeni/protocol/apdu'
import { nobleCrypto as crypto } from '@kozeni/protocol/crypto-noble'
import { PURSE_CLA } from '@kozeni/protocol/purse'
import type { Reader } from '@kozeni/protocol/reader'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { expect, test } from 'vitest'

const module = new WebAssembly.Module(await compilePurse())
const dice = new SeededDice(30)

function personalised(): PurseForTests {
  return new PurseForTests(new ChipForTests(module, crypto, new SeededDice(31))).personalise()
}

/** The purse program behind the port that a phone has. */
const readerOf = ({ chip }: PurseForTests): Reader => ({
  connect: async () => true,
  transmit: async apdu => {
    const command = decodeCommand(apdu)
    if (command === undefined) return undefined
    const response = command.cla === PURSE_CLA ? chip.send(command.ins, command.data) : chip.select()
    return encodeResponse(response)
  },
  disconnect: async () => chip.powerOff(),
})

async function sessionWith(purse: PurseForTests, key = deviceKey): Promise<Result<HolderSession, Refusal>> {
  const chip = readerOf(purse)
  const greeted = await selectPurse(chip)
  const owner = { purse: PURSE, device: DEVICE, deviceKey: key, chipKey: purse.publicKey }
  return greeted.ok ? openSession(chip, { crypto, dice }, owner, greeted.value) : greeted
}

async function open(purse: PurseForTests): Promise<HolderSession> {
  const session = await sessionWith(purse)
  if (!session.ok) throw new Error(session.refusal.code)
  return session.value
}

const load: Order = { epoch: EPOCH, number: 1, kind: 'load', amount: 1000n }

test('the phone reads from the purse program what it holds, and its records, newest first', async () => {
  const purse = personalised()
  purse.command(load)
  purse.confirm(load)
  const shop = till('0a0a0a0a0a0a0a0a')
  for (const seq of [0, 1, 2]) purse.meet(shop).receiptFor(shop, { seq, amount: BigInt(10 + seq), sale: seq + 1 })
  const session = await open(purse)
  expect(await session.standing()).toMatchObject({ ok: true, value: { credits: 1000n, debits: 33n, seq: 3 } })
  for (const k of [0, 1, 2])
    expect(await session.history(k)).toMatchObject({ ok: true, value: { seq: 3 - k, amount: BigInt(12 - k) } })
  expect(await session.history(3)).toEqual({ ok: true, value: undefined })
  expect(await session.freeze(true)).toMatchObject({ ok: true, value: { frozen: true } })
  expect(await session.freeze(false)).toMatchObject({ ok: true, value: { frozen: false } })
})

test('another device is refused by the program; another chip is found out by the phone', async () => {
  const purse = personalised()
  expect(await sessionWith(purse, crypto.generate(dice))).toEqual(no(refusal('signature-wrong')))
  const twin = personalised()
  Object.assign(twin, { publicKey: crypto.publicKey(crypto.generate(dice)) })
  expect(await sessionWith(twin)).toEqual(no(refusal('chip-differs')))
})

test('a PIN that the phone set opens one pay, and is changed by whoever knows it', async () => {
  const purse = personalised()
  purse.command(load)
  purse.confirm(load)
  purse.set({ pinAbove: money(100n) })
  expect(await (await open(purse)).setPin('2468')).toMatchObject({ ok: true, value: { pinSet: true, pinTries: 3 } })
  const pay: Order = { epoch: EPOCH, number: 2, kind: 'pay', amount: 400n, prev: load }
  const session = await open(purse)
  const entry = { pin: '2468', digest: digestOfOrder(pay) }
  expect(await session.verifyPin({ ...entry, pin: '1357' })).toEqual(no(refusal('pin-wrong', { triesLeft: 2 })))
  expect(await session.verifyPin(entry)).toEqual({ ok: true, value: undefined })
  expect(purse.say(commandOf(pay))).toMatchObject({ status: 0x9000, outcome: 'applied' })
  const again = await open(purse)
  expect(await again.setPin('5678')).toEqual(no(refusal('pin-required')))
  expect(await again.verifyPin({ pin: '2468', digest: new Uint8Array(32) })).toMatchObject({ ok: true })
  expect(await again.setPin('5678')).toMatchObject({ ok: true })
  expect(await again.standing()).toMatchObject({ ok: true, value: { debits: 400n, pinAbove: 100n } })
})

test('a chip without a purse program, or without a person, says so', async () => {
  const blank = new PurseForTests(new ChipForTests(module, crypto, new SeededDice(32)))
  Object.assign(blank, { publicKey: crypto.publicKey(crypto.generate(dice)) })
  expect(await sessionWith(blank)).toEqual(no(refusal('not-personalised')))
  const nobody: Reader = {
    ...readerOf(blank),
    transmit: async () => encodeResponse({ data: NO_BYTES, statusWord: 0x6a82 }),
  }
  expect(await selectPurse(nobody)).toEqual(no(refusal('not-personalised')))
})
