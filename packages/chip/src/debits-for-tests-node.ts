/**
 * How often a second one chip debits, in Node: the same bytes as its terminals say them, power and SELECT and all; and how
 * often it could if signing and verifying were all that it did. For the chip's figures and for the bench.
 */
import type { Bytes } from '@kozeni/base/bytes'
import { type Dice, SeededDice } from '@kozeni/base/dice'
import { EPOCH, type Order, till } from '@kozeni/program/purse-for-tests'
import type { Crypto } from '@kozeni/protocol/crypto'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { chipOf, DICE_SEED } from './install-for-tests-node.ts'
import { purseOnSilicon, type SiliconPurse, sayAgain } from './purse-on-silicon-for-tests-node.ts'

export const shop = till('0606060606060606')

/** A center's order for the operation of that number. */
export const order = (number: number, kind: Order['kind'], amount: bigint): Order => ({
  epoch: EPOCH,
  number,
  kind,
  amount,
  prev: { epoch: EPOCH, number: number - 1 },
})

/** Old enough that every ring is full: what a write costs then is what it costs for good. */
export async function oldPurse(): Promise<SiliconPurse> {
  const purse = await purseOnSilicon()
  for (let number = 1; number < 10; number++) purse.command(order(number, 'load', 100n))
  purse.meet(shop)
  for (let seq = 0; seq < 22; seq++) purse.receiptFor(shop, { seq, amount: 1n, sale: seq + 1 })
  return purse
}

const DEBITS = 400
const ROUNDS = 5
/** Until the engine has made its best of it. */
const WARM = 20

/** Debits one after the other on one chip, as bytes: what each contact says to it. */
function contacts(old: SiliconPurse): readonly (readonly Bytes[])[] {
  const mine = old.fork()
  return Array.from({ length: DEBITS }, (_, i) => {
    const from = mine.chip.said.length
    mine.meet(shop).ask(shop, { seq: 22 + i, amount: 1n, sale: 99 + i })
    return mine.chip.said.slice(from)
  })
}

/** One chip's side of all these contacts, as its terminals' bytes come: power, SELECT, introduction, request. */
function debitAll(old: SiliconPurse, said: readonly (readonly Bytes[])[], crypto: Crypto): void {
  const silicon = old.chip.silicon.copy()
  for (const contact of said) sayAgain(chipOf(silicon, { crypto, dice: FALLEN }), contact)
}

/** Dice as they fall for each contact, thrown beforehand: seeded ones take longer than any chip's. */
const FALLEN: Dice = { bytes: count => DRAWN.slice(0, count) }
const DRAWN = new SeededDice(DICE_SEED).bytes(64)

/** Signing and verifying, with the milliseconds that they took. */
function watched(): { readonly crypto: Crypto; readonly spent: { ms: number } } {
  const spent = { ms: 0 }
  const timed = <T>(work: () => T): T => {
    const start = performance.now()
    const answer = work()
    spent.ms += performance.now() - start
    return answer
  }
  const sign: Crypto['sign'] = (...given) => timed(() => nodeCrypto.sign(...given))
  const verify: Crypto['verify'] = (...given) => timed(() => nodeCrypto.verify(...given))
  return { crypto: { ...nodeCrypto, sign, verify }, spent }
}

export interface DebitRate {
  readonly units: number
  readonly seconds: number
  readonly cpuSeconds: number
  readonly perSecond: number
  /** What signing and verifying alone would allow. */
  readonly limit: number
}

/** @param old  as oldPurse() makes it; stays as it is */
export function debits(old: SiliconPurse): DebitRate {
  const said = contacts(old)
  for (let warm = 0; warm < WARM; warm++) debitAll(old, said, nodeCrypto)
  const { crypto, spent } = watched()
  const [units, cpu, start] = [ROUNDS * DEBITS, process.cpuUsage(), performance.now()]
  for (let round = 0; round < ROUNDS; round++) debitAll(old, said, crypto)
  const [seconds, { user, system }] = [(performance.now() - start) / 1000, process.cpuUsage(cpu)]
  const cpuSeconds = (user + system) / 1e6
  return { units, seconds, cpuSeconds, perSecond: units / seconds, limit: (1000 * units) / spent.ms }
}
