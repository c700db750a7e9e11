/**
 * One purse's story from blank to fenced, as an exchange of bytes that another implementation can play back: vectors/purse.json.
 * All chance in it is written down; its signatures are those of RFC 6979.
 */
import { hex, utf8 } from '@kozeni/base/bytes'
import { type Dice, SeededDice } from '@kozeni/base/dice'
import { money } from '@kozeni/base/money'
import { nobleCrypto } from '@kozeni/protocol/crypto-noble'
import { MESSAGE_TYPE } from '@kozeni/protocol/header'
import { HOLDER_REQUEST } from '@kozeni/protocol/holder'
import { INS } from '@kozeni/protocol/purse'
import { ChipForTests, type Exchange } from './chip-for-tests.ts'
import { digestOfOrder, EPOCH, keysOf, type Order, PurseForTests, type Sale, till } from './purse-for-tests.ts'

/** As JSON has it: bytes in hexadecimal. */
export interface Transcript {
  readonly about: string
  /** The purse's keys by version. */
  readonly keys: ReadonlyArray<Readonly<Record<'version' | 'mac' | 'encryption' | 'receipt', string>>>
  /** What the chip's generator gives, in order: 8 bytes for each challenge, 48 for its key (FIPS 186-5 A.2.1). */
  readonly chance: readonly string[]
  readonly exchanges: ReadonlyArray<{
    readonly what: string
    readonly call: Exchange['call']
    readonly command: string
    readonly response: string
  }>
}

const ABOUT =
  'Calls to the purse program and its answers, data and status word. personalise: one data group; process: CLA INS P1 P2, length in two bytes, data.'

/** Plays the story on this program. */
export function transcriptOf(module: WebAssembly.Module): Transcript {
  const chance: string[] = []
  const purse = new PurseForTests(new ChipForTests(module, nobleCrypto, noted(new SeededDice(7), chance)))
  const { exchanges } = purse.chip
  const told: string[] = []
  for (const [what, act] of story(purse)) {
    act()
    while (told.length < exchanges.length) told.push(what)
  }
  const spelled = exchanges.map(({ call, command, response }, i) => ({
    what: told[i] ?? '',
    call,
    command: hex(command),
    response: hex(response),
  }))
  const keys = [1, 2].map(keysOf).map(({ version, mac, encryption, receipt }) => ({
    version: String(version),
    mac: hex(mac),
    encryption: hex(encryption),
    receipt: hex(receipt),
  }))
  return { about: ABOUT, keys, chance, exchanges: spelled }
}

/** Throws `dice`, and notes what fell. */
function noted(dice: Dice, chance: string[]): Dice {
  return {
    bytes(count) {
      const drawn = dice.bytes(count)
      chance.push(hex(drawn))
      return drawn
    },
  }
}

const order = (number: number, kind: Order['kind'], amount: bigint): Order => ({ epoch: EPOCH, number, kind, amount })
const at = (number: number) => ({ epoch: EPOCH, number })
const PIN = Uint8Array.of(...utf8('2468'), 0xff, 0xff, 0xff, 0xff)

type Chapter = readonly [what: string, act: () => unknown]

function story(purse: PurseForTests): readonly Chapter[] {
  return [...issue(purse), ...online(purse), ...offline(purse), ...holder(purse), ...ending(purse)]
}

const issue = (purse: PurseForTests): readonly Chapter[] => [
  ['a blank program greets', () => purse.chip.select()],
  ['and is nobody’s purse', () => purse.chip.send(INS.message, new Uint8Array(19))],
  ['personalised, its key certified, active, given limits', () => purse.personalise()],
]

const online = (purse: PurseForTests): readonly Chapter[] => [
  ['load 5000', () => purse.command(order(1, 'load', 5000n))],
  ['the same again: the same answer', () => purse.command(order(1, 'load', 5000n))],
  ['a pay before the load is confirmed', () => purse.command(order(2, 'pay', 300n))],
  ['confirm', () => purse.confirm(at(1))],
  ['pay 300', () => purse.command(order(2, 'pay', 300n))],
  ['abort: reversed', () => purse.abort(order(2, 'pay', 300n))],
  ['pay 9000, with the confirm in prev: rejected', () => purse.command({ ...order(3, 'pay', 9000n), prev: at(2) })],
  ['confirm', () => purse.confirm(at(3))],
  ['abort of what never came: cancelled', () => purse.abort(order(4, 'load', 1n))],
  ['confirm', () => purse.confirm(at(4))],
  [
    'a message whose MAC is wrong',
    () => purse.chip.send(INS.message, Uint8Array.of(1, MESSAGE_TYPE.read, 1, ...new Uint8Array(16))),
  ],
]

function offline(purse: PurseForTests): readonly Chapter[] {
  const shop = till('0606060606060606')
  const sale: Sale = { seq: 0, amount: 250n, sale: 17 }
  const voiding: Sale = { ...sale, type: 'void-request', seq: 1 }
  return [
    ['a till introduces itself', () => purse.meet(shop)],
    ['debit 250', () => purse.ask(shop, sale)],
    ['the same again: the same receipt', () => purse.ask(shop, sale)],
    ['the same sale with another amount', () => purse.ask(shop, { ...sale, amount: 251n })],
    ['another sale at the seq before', () => purse.ask(shop, { ...sale, sale: 18 })],
    ['void', () => purse.ask(shop, voiding)],
    ['the newest receipt of the sale', () => purse.chip.send(INS.readReceipt, Uint8Array.of(0, 0, 0, 17))],
    ['debit 100', () => purse.ask(shop, { seq: 2, amount: 100n, sale: 19 })],
    ['confirm with what is booked', () => purse.confirm(at(4), { amount: 350n, count: 2, time: 1_800_000_500 })],
  ]
}

const holder = (purse: PurseForTests): readonly Chapter[] => [
  ['the bound device opens a session', () => purse.greet()],
  ['standing', () => purse.request(HOLDER_REQUEST.standing)],
  ['history, newest', () => purse.request(HOLDER_REQUEST.history, 0)],
  ['set a PIN', () => purse.request(HOLDER_REQUEST.setPin, ...PIN)],
  ['set: PIN above 1000', () => purse.set({ pinAbove: money(1000n) })],
  ['pay 1001 without the PIN', () => purse.command(order(5, 'pay', 1001n))],
  ['a wrong PIN', () => purse.verifyPin(PIN.toReversed(), digestOfOrder(order(5, 'pay', 1001n)))],
  ['the PIN', () => purse.verifyPin(PIN, digestOfOrder(order(5, 'pay', 1001n)))],
  ['pay 1001', () => purse.command(order(5, 'pay', 1001n))],
  ['freeze', () => purse.request(HOLDER_REQUEST.freeze, 1)],
  ['a pay while frozen', () => purse.command({ ...order(6, 'pay', 1n), prev: at(5) })],
]

const ending = (purse: PurseForTests): readonly Chapter[] => [
  ['fence of epoch 2', () => purse.fence(EPOCH + 1)],
  ['a command from before it', () => purse.command({ ...order(6, 'load', 1n), prev: at(5) })],
  ['sweep', () => purse.command({ epoch: EPOCH + 1, number: 1, kind: 'sweep', amount: 0n, prev: at(5) })],
  ['read, under the second key version', () => purse.say({ type: 'read', body: {} }, 2)],
]
