/** The same sales and voids against the real purse program, with the chip's power cut at every write of its memory. */
import { concat, NO_BYTES } from '@kozeni/base/bytes'
import { StillClock } from '@kozeni/base/clock'
import { money } from '@kozeni/base/money'
import { PowerCut } from '@kozeni/program/chip-for-tests'
import { IDENTITY, NOW, type PurseForTests, till } from '@kozeni/program/purse-for-tests'
import { purseFrom } from '@kozeni/program/purse-from-source-node'
import { decodeCommand, encodeResponse } from '@kozeni/protocol/apdu'
import { nobleCrypto } from '@kozeni/protocol/crypto-noble'
import { identity } from '@kozeni/protocol/purse'
import type { Reader } from '@kozeni/protocol/reader'
import { expect, test } from 'vitest'
import { noCenter } from './center-call.ts'
import { MemoryJournal } from './journal-memory.ts'
import { sameAsHardware } from './limits.ts'
import { Terminal } from './terminal.ts'

const freshPurse = await purseFrom()
const shop = till('0606060606060606')
const issuerKey = identity.read(IDENTITY)?.issuerKey ?? NO_BYTES

const limits = {
  perSale: money(100_000n),
  perPurse: money(1_000_000n),
  unuploaded: money(10_000_000n),
  maxOfflineSeconds: 1_000_000,
  hotlistAgeSeconds: 1_000_000,
  clockDoubtSeconds: 300,
}
const nobody = { listed: [], unlisted: [] }

/** The shop's terminal, certified and with an empty list; and a purse that holds 1,000. */
async function stand(): Promise<{ purse: PurseForTests; terminal: () => Promise<Terminal> }> {
  const at = NOW
  const { terminal: name, certificate, key } = shop
  const journal = new MemoryJournal(nobleCrypto)
  await journal.append({ entry: 'opened', at, publicKey: nobleCrypto.publicKey(key) })
  const issuerKeys = [{ version: 1, publicKey: issuerKey }]
  await journal.append({ entry: 'terms', at, terminal: name, certificate, issuerKeys, limits })
  await journal.append({ entry: 'hotlist', at, version: 1, since: 0, made: at, purses: nobody, terminals: nobody })
  const purse = freshPurse()
  purse.command({ epoch: 1, number: 1, kind: 'load', amount: 1000n })
  const means = { crypto: nobleCrypto, clock: new StillClock(NOW * 1000), journal, center: noCenter }
  const parts = { ...means, key, software: sameAsHardware }
  const terminal = async () => {
    const opened = await Terminal.open(parts)
    if (!opened.ok) throw new Error(opened.refusal.code)
    return opened.value
  }
  return { purse, terminal }
}

/** The purse in a field; power lasts for so many writes, and the last answer may get lost. */
function fieldOf({ chip }: PurseForTests, writesLeft = Number.POSITIVE_INFINITY, lost = false): Reader {
  const process = (command: Uint8Array) => {
    const { cla, ins, data } = decodeCommand(command) ?? { cla: 0, ins: 0, data: command }
    return ins === 0xa4 ? chip.select() : chip.send(ins, data, { cla })
  }
  return {
    connect: async () => {
      chip.powerOff()
      chip.writesLeft = writesLeft
      return true
    },
    transmit: async command => {
      const before = chip.writes
      try {
        const answer = encodeResponse(process(command))
        return lost && chip.writes > before ? undefined : concat(answer)
      } catch (failure) {
        if (failure instanceof PowerCut) return undefined
        throw failure
      }
    },
    disconnect: async () => chip.powerOff(),
  }
}

const once = (reader: Reader) => ({ reader, waitMs: 1 })

function valueOf(purse: PurseForTests): bigint {
  purse.select()
  const { credits, debits } = purse.read()
  return credits - debits
}

test('a sale that the chip’s power failed in, at any write or after the last, is paid once by the next tap', async () => {
  const { purse, terminal } = await stand()
  const { writes } = purse.chip
  await (await terminal()).sell(money(300n), once(fieldOf(purse)))
  const needed = purse.chip.writes - writes
  expect(needed).toBeGreaterThan(0)
  for (let left = 0; left <= needed; left++) {
    const { purse: torn, terminal: open } = await stand()
    const first = await (await open()).sell(money(300n), once(fieldOf(torn, left, left === needed)))
    expect(first).toMatchObject({ value: { outcome: 'unresolved' } })
    expect(await (await open()).retry(once(fieldOf(torn)))).toMatchObject({ value: { outcome: 'done', sale: 1 } })
    expect(valueOf(torn)).toBe(700n)
  }
})

test('a void that the chip’s power failed in, at any write or after the last, gives back once', async () => {
  for (let left = 0; left <= 4; left++) {
    const { purse, terminal } = await stand()
    await (await terminal()).sell(money(300n), once(fieldOf(purse)))
    await (await terminal()).voidLast(once(fieldOf(purse, left, true)))
    expect(await (await terminal()).retry(once(fieldOf(purse)))).toMatchObject({
      value: { outcome: 'done', deed: 'void' },
    })
    expect(valueOf(purse)).toBe(1000n)
  }
})

test('the program’s own refusals end a sale with nothing taken, or leave it to the holder', async () => {
  const { purse, terminal } = await stand()
  const sell = async (amount: bigint) => (await terminal()).sell(money(amount), once(fieldOf(purse)))
  expect(await sell(1001n)).toMatchObject({ value: { outcome: 'refused', why: { code: 'balance-too-low' } } })
  purse.select().set({ maximumDebit: money(100n) })
  expect(await sell(101n)).toMatchObject({ value: { outcome: 'refused', why: { code: 'debit-too-large' } } })
  purse.select().set({ upperCount: 0 })
  expect(await sell(1n)).toMatchObject({ value: { outcome: 'refused', why: { code: 'online-required' } } })
  purse.select().set({ blocked: true })
  expect(await sell(1n)).toMatchObject({ value: { outcome: 'refused', why: { code: 'purse-blocked' } } })
  purse.select().set({ pinAbove: money(0n) })
  expect(await sell(1n)).toMatchObject({ value: { outcome: 'unresolved', why: { code: 'pin-required' } } })
  purse.select().set({})
  expect(await (await terminal()).retry(once(fieldOf(purse)))).toMatchObject({ value: { outcome: 'done' } })
  expect(valueOf(purse)).toBe(999n)
})

test('a purse blocked after a torn debit still shows its receipt: a block stops new debits, not the truth', async () => {
  const { purse, terminal } = await stand()
  await (await terminal()).sell(money(300n), once(fieldOf(purse, 99, true)))
  purse.select().set({ blocked: true })
  expect(await (await terminal()).retry(once(fieldOf(purse)))).toMatchObject({ value: { outcome: 'done' } })
})
