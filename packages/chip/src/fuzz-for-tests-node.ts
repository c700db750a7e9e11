/**
 * Commands of chance for a chip that carries a purse, and what must hold after each: an answer, in a status word that is
 * defined, and no change without one that says so. Everything comes from one seed.
 */
import { type Bytes, concat, hex, utf8 } from '@kozeni/base/bytes'
import { SeededDice } from '@kozeni/base/dice'
import { abortOf, commandOf, EPOCH, keysOf, type Order, till } from '@kozeni/program/purse-for-tests'
import { commandApdu, decodeCommand, encodeCommand } from '@kozeni/protocol/apdu'
import {
  deleteContent,
  GP_INS,
  GP_TAG,
  getData,
  getStatus,
  installAndMakeSelectable,
  installForLoad,
  installForPersonalization,
  LISTED,
  loadBlocks,
  putKeys,
  selectIssuerDomain,
  setStatus,
  storeData,
} from '@kozeni/protocol/globalplatform'
import { HOLDER_REQUEST } from '@kozeni/protocol/holder'
import { GROUP, group, INS, keySet, PURSE_AID, PURSE_PACKAGE_AID, selectCommand } from '@kozeni/protocol/purse'
import { WIRE } from '@kozeni/protocol/refusal'
import { initializeUpdate, openHost, SECURITY_LEVEL, type Session, wrap } from '@kozeni/protocol/scp03'
import type { Chip } from './chip.ts'
import { CARD_KEYS, chipOf, fastCrypto, released } from './install-for-tests-node.ts'
import { ManagerPages } from './manager-pages.ts'
import { MANAGER_AREA, regionAt, storeArea } from './memory-map.ts'
import { assembled } from './module-for-tests.ts'
import { purseOnSilicon, type SiliconPurse } from './purse-on-silicon-for-tests-node.ts'
import { openRecordStore } from './record-store.ts'
import type { MemorySilicon } from './silicon-memory.ts'
import { SW } from './status-word.ts'

export interface Fuzzed {
  readonly findings: readonly string[]
  /** Commands by the way they came. */
  readonly said: Readonly<Record<Way, number>>
  /** How often each status word was the answer. */
  readonly statusWords: ReadonlyMap<number, number>
}

type Way = 'in the clear' | 'through the channel' | 'to the purse'

const DEFINED = new Set<number>([...Object.values(SW), ...Object.values(WIRE).map(({ statusWord }) => statusWord)])
const isDefined = (word: number): boolean =>
  DEFINED.has(word) || word >> 8 === 0x61 || word >> 8 === 0x6c || word >> 4 === 0x63c
/** Answers that say that it was done, or is under way. */
const isDone = (word: number): boolean => word === 0x9000 || word >> 8 === 0x61 || word >> 8 === 0x62

/** Says `apdus` commands, told of after each. */
export async function fuzz(apdus: number, seed: number, tell: (done: number) => void = () => {}): Promise<Fuzzed> {
  const fuzzer = new Fuzzer(await purseOnSilicon(), new SeededDice(seed))
  for (let done = 1; done <= apdus; done++) {
    fuzzer.sayOne()
    tell(done)
  }
  return fuzzer
}

/** After so many commands another purse is taken, since some of them end a chip's life. */
const CONTACT = 40

class Fuzzer implements Fuzzed {
  readonly findings: string[] = []
  readonly said: Record<Way, number> = { 'in the clear': 0, 'through the channel': 0, 'to the purse': 0 }
  readonly statusWords = new Map<number, number>()
  readonly #dice: SeededDice
  readonly #purses: readonly SiliconPurse[]
  readonly #managing = managing()
  readonly #clear: readonly Bytes[]
  readonly #talks: ReadonlyArray<readonly Bytes[]>
  #silicon: MemorySilicon
  #chip: Chip
  #way: Way = 'to the purse'
  #left = 0
  #session: Session | undefined
  /** What the purse's people still want to say in this contact. */
  #talk: Bytes[] = []
  #counts: { readonly bytes: number; readonly content: string }

  constructor(purse: SiliconPurse, dice: SeededDice) {
    this.#dice = dice
    this.#purses = stories(purse)
    this.#talks = this.#purses.flatMap(talksOf)
    this.#clear = [...openings(), ...this.#managing.map(encodeCommand)]
    this.#silicon = purse.chip.silicon.copy()
    this.#chip = chipOf(this.#silicon)
    this.#counts = { bytes: -1, content: '' }
  }

  sayOne(): void {
    if (this.#left-- <= 0) this.#begin()
    const apdu = this.#next()
    const before = this.#content()
    const word = this.#answer(apdu)
    this.said[this.#way] += 1
    this.statusWords.set(word, (this.statusWords.get(word) ?? 0) + 1)
    if (!isDefined(word)) this.#find(apdu, `answered ${word.toString(16)}`)
    if (!isDone(word) && word >> 4 !== 0x63c && this.#content() !== before)
      this.#find(apdu, `changed the chip, and was answered ${word.toString(16)}`)
  }

  #find(apdu: Bytes, what: string): void {
    this.findings.push(`${this.#way}: ${hex(apdu)}: ${what}`)
  }

  /** A purse as it stood at some point of its story, in a new contact. */
  #begin(): void {
    this.#left = CONTACT
    const talk = this.#dice.below(this.#talks.length)
    const purse = this.#purses[Math.floor((talk * this.#purses.length) / this.#talks.length)]
    this.#silicon = (purse ?? this.#pick(this.#purses)).chip.silicon.copy()
    this.#chip = chipOf(this.#silicon)
    this.#counts = { bytes: -1, content: '' }
    this.#way = this.#pick(['in the clear', 'through the channel', 'to the purse', 'to the purse', 'to the purse'])
    this.#talk = [...(this.#talks[talk] ?? [])]
    this.#session = undefined
    this.#chip.powerOn(this.#way === 'to the purse' ? 'radio' : 'wire')
    if (this.#way === 'through the channel') this.#open()
  }

  #open(): void {
    const challenge = new Uint8Array(8)
    const initialized = this.#chip.process(encodeCommand(initializeUpdate(challenge, 1)))
    const opened = openHost(fastCrypto, CARD_KEYS, challenge, initialized.slice(0, -2), SECURITY_LEVEL.bothSecret)
    if (opened === undefined) return
    this.#chip.process(encodeCommand(opened.command))
    this.#session = opened.session
  }

  #next(): Bytes {
    if (this.#way === 'in the clear') return this.#mutated(this.#pick(this.#clear))
    if (this.#way === 'through the channel') return this.#wrapped()
    // mostly what somebody means to say next; now and then changed, and then meant again
    if (this.#dice.below(3) === 0) return this.#mutated(this.#talk[0] ?? this.#pick(this.#pick(this.#talks)))
    return this.#talk.shift() ?? this.#mutated(this.#pick(this.#pick(this.#talks)))
  }

  #wrapped(): Bytes {
    const apdu = this.#mutated(encodeCommand(this.#pick(this.#managing)))
    const command = decodeCommand(apdu)
    if (this.#session === undefined || command === undefined || command.data.length > 2000) return apdu
    const out = wrap(fastCrypto, this.#session, { ...command, cla: 0x80, expected: 65_536 })
    this.#session = out.session
    return encodeCommand(out.command)
  }

  /** The answer's status word; 0 when something was thrown, or it has none. */
  #answer(apdu: Bytes): number {
    try {
      const [sw1 = 0, sw2 = 0] = this.#chip.process(apdu).slice(-2)
      return (sw1 << 8) | sw2
    } catch (error) {
      this.#find(apdu, `threw ${String(error)}`)
      this.#left = 0
      return 0
    }
  }

  /** All that counts on the chip. Read anew only when a byte has been written since. */
  #content(): string {
    const { bytes } = this.#silicon.wear
    if (bytes !== this.#counts.bytes) this.#counts = { bytes, content: contentOf(this.#silicon) }
    return this.#counts.content
  }

  /** Changed, cut, lengthened, chained or replaced. */
  #mutated(apdu: Bytes): Bytes {
    const copy = apdu.slice()
    const dice = this.#dice
    const reach = dice.below(2) === 0 ? 12 : copy.length
    for (let edits = dice.below(3); edits > 0; edits--) copy[dice.below(Math.min(copy.length, reach))] = dice.below(256)
    switch (dice.below(8)) {
      case 0:
        return copy.slice(0, dice.below(copy.length + 1))
      case 1:
        return concat(copy, dice.bytes(dice.below(20)))
      case 2:
        copy[0] = (copy[0] ?? 0) ^ 0x10
        return copy
      case 3:
        return dice.bytes(dice.below(40))
      default:
        return copy
    }
  }

  #pick<T>(from: readonly T[]): T {
    const one = from[this.#dice.below(from.length)]
    if (one === undefined) throw new Error('something to pick from')
    return one
  }
}

/** Pages of the manager, and whatever its registry names: modules and stores. What it does not name does not exist. */
function contentOf(silicon: MemorySilicon): string {
  const area = openRecordStore(silicon, MANAGER_AREA)
  const { loadFiles, programs } = new ManagerPages(area).registry
  const pages = Array.from({ length: MANAGER_AREA.pages }, (_, page) => area.read(page))
  const modules = loadFiles.map(({ region, sizeBytes }) => silicon.read(regionAt(region), sizeBytes))
  const stores = programs.flatMap(({ store }) => {
    const { pages: count } = storeArea(store)
    const opened = openRecordStore(silicon, storeArea(store))
    return Array.from({ length: count }, (_, page) => opened.read(page))
  })
  return [...pages, ...modules, ...stores].map(content => (content === undefined ? '-' : hex(content))).join()
}

/** A small program for whoever manages the chip to load. */
const OTHER = released(assembled())

const managing = () => [
  getStatus(LISTED.programs),
  getStatus(LISTED.loadFilesAndModules),
  getData(GP_TAG.cardData),
  installForLoad(fastCrypto, OTHER),
  ...loadBlocks(OTHER, 100),
  installAndMakeSelectable(PURSE_PACKAGE_AID, PURSE_AID),
  installForPersonalization(PURSE_AID),
  storeData(group(GROUP.makeKey, new Uint8Array()), 0, false),
  storeData(group(GROUP.keys, keySet.write(keysOf(3))), 0, false),
  storeData(group(GROUP.activate, new Uint8Array()), 0, false),
  deleteContent(PURSE_AID),
  deleteContent(PURSE_PACKAGE_AID, true),
  setStatus({ program: PURSE_AID }, 0x87),
  putKeys(fastCrypto, CARD_KEYS, CARD_KEYS, 2),
]

const openings = (): readonly Bytes[] =>
  [
    selectIssuerDomain(),
    selectCommand(PURSE_AID),
    initializeUpdate(new Uint8Array(8)),
    commandApdu(0x84, GP_INS.externalAuthenticate, 0x33, 0, new Uint8Array(16)),
    commandApdu(0x00, 0xc0, 0, 0),
    ...Object.values(INS).map(ins => commandApdu(0x80, ins, 0, 0, new Uint8Array(20))),
  ].map(encodeCommand)

const shop = till('0606060606060606')
const PIN = Uint8Array.of(...utf8('1234'), 255, 255, 255, 255)
const order = (number: number, kind: Order['kind'], amount: bigint): Order => ({
  epoch: EPOCH,
  number,
  kind,
  amount,
  prev: { epoch: EPOCH, number: number - 1 },
})

/** The same purse young, in use, and full. */
function stories(young: SiliconPurse): readonly SiliconPurse[] {
  const used = young.fork()
  used.command(order(1, 'load', 1000n))
  used.greet().request(HOLDER_REQUEST.setPin, ...PIN)
  used.meet(shop).receiptFor(shop, { seq: 0, amount: 5n, sale: 1 })
  const full = used.fork()
  for (let seq = 1; seq < 22; seq++) full.meet(shop).receiptFor(shop, { seq, amount: 1n, sale: seq + 1 })
  full.command(order(2, 'pay', 30n))
  return [young, used, full]
}

/** What a purse's people say in one contact: to the very purse as it stands, and word for word. */
function talksOf(purse: SiliconPurse): ReadonlyArray<readonly Bytes[]> {
  const { seq, number } = purse.read()
  const after = number + 1
  const center = (mine: SiliconPurse): unknown => [
    mine.select().deliver(commandOf(order(after, 'load', 100n))),
    mine.confirm({ epoch: EPOCH, number: after }),
    mine.deliver(commandOf(order(after + 1, 'pay', 10n))),
    mine.deliver(abortOf(order(after + 1, 'pay', 10n))),
    mine.deliver(commandOf(order(after + 2, 'refund', 10n))),
    mine.deliver(commandOf(order(after + 3, 'sweep', 0n))),
    mine.set({}),
    mine.fence(EPOCH),
  ]
  const counter = (mine: SiliconPurse): unknown => [
    mine.meet(shop).ask(shop, { seq, amount: 2n, sale: 1000 }),
    mine.ask(shop, { type: 'void-request', seq: seq + 1, amount: 2n, sale: 1000 }),
    mine.chip.send(INS.readReceipt, Uint8Array.of(0, 0, 3, 232)),
    mine.ask(shop, { seq: seq + 2, amount: 2n, sale: 1001 }),
  ]
  const holder = (mine: SiliconPurse): unknown => [
    mine.greet().request(HOLDER_REQUEST.standing),
    mine.request(HOLDER_REQUEST.history, 0),
    mine.request(HOLDER_REQUEST.freeze, 1),
    mine.request(HOLDER_REQUEST.freeze, 0),
    mine.verifyPin(PIN.toReversed(), new Uint8Array(32)),
    mine.verifyPin(PIN, new Uint8Array(32)),
    mine.request(HOLDER_REQUEST.setPin, ...PIN),
  ]
  return [center, counter, holder].map(talk => {
    const mine = purse.fork()
    talk(mine)
    return mine.chip.said
  })
}
