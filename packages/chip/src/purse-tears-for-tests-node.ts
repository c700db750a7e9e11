/**
 * Power cut at every byte of every command of the purse that changes something, from purses old and new, over real
 * silicon. What stands afterwards is the purse as it was, or as it was meant to be, and saying the same again ends there.
 */
import { type Bytes, hex, utf8 } from '@kozeni/base/bytes'
import { money } from '@kozeni/base/money'
import { abortOf, commandOf, EPOCH, type Order, type Sale, till } from '@kozeni/program/purse-for-tests'
import { nobleCrypto } from '@kozeni/protocol/crypto-noble'
import { HOLDER_REQUEST } from '@kozeni/protocol/holder'
import type { Outcomes } from '@kozeni/protocol/message'
import { chipOf, fastCrypto } from './install-for-tests-node.ts'
import { storeArea } from './memory-map.ts'
import { purseOnSilicon, type SiliconPurse, sayAgain } from './purse-on-silicon-for-tests-node.ts'
import { Defective, type OpenRecordStore, openRecordStore } from './record-store.ts'
import { PowerLost } from './silicon.ts'
import type { MemorySilicon, Torn } from './silicon-memory.ts'

/** A chip that signs by RFC 6979: what is done again after a cut is then the same to the byte. */
const steady = (silicon: MemorySilicon, openStore: OpenRecordStore) =>
  chipOf(silicon, { openStore, crypto: { ...fastCrypto, sign: nobleCrypto.sign } })

/** What the byte under the needle may hold afterwards. */
export const TORN: readonly Torn[] = ['old', 'new', 'erased', 0x5a]

const shop = till('0606060606060606')
const at = (number: number) => ({ epoch: EPOCH, number })
const PIN = Uint8Array.of(...utf8('1234'), 255, 255, 255, 255)
const OTHER_PIN = PIN.toReversed()
const TO_CHANGE = new Uint8Array(32)

/** The next operation of this kind; it confirms the one before. */
const next = ({ epochFloor, epoch, number }: Outcomes, kind: Order['kind'], amount: bigint): Order => ({
  epoch: Math.max(epoch, epochFloor),
  number: number + 1,
  kind,
  amount,
  prev: { epoch, number },
})

function sell(purse: SiliconPurse, count: number): void {
  purse.meet(shop)
  for (let sold = 0; sold < count; sold++) purse.receiptFor(shop, nextSale(purse))
}

function nextSale(purse: SiliconPurse, amount = 2n): Sale {
  const { seq } = purse.read()
  return { seq, amount, sale: seq + 1 }
}

const load = (purse: SiliconPurse, amount: bigint): void => void purse.command(next(purse.read(), 'load', amount))

/** Where a purse may stand when power goes: each begins where the one before it ended. */
const CHAPTERS: Readonly<Record<string, (purse: SiliconPurse) => void>> = {
  'nothing has happened yet': () => {},
  'a load waits for its confirm': purse => load(purse, 500n),
  'at rest': purse => void purse.confirm(at(1)),
  'sold once, the debit the last record': purse => sell(purse, 1),
  'with a PIN, a pay unconfirmed': purse => {
    purse.greet().request(HOLDER_REQUEST.setPin, ...PIN)
    purse.command(next(purse.read(), 'pay', 40n))
  },
  'every ring full': purse => {
    for (let count = 0; count < 8; count++) load(purse, 9n)
    sell(purse, 22)
  },
  'blocked, partly acknowledged, a PIN try lost': purse => {
    purse.confirm(at(10), { amount: 6n, count: 3 })
    purse.meet(shop).verifyPin(OTHER_PIN, TO_CHANGE)
    purse.set({ blocked: true, maximumDebit: money(10n) })
  },
  'fenced into another epoch': purse => {
    purse.set({})
    purse.fence(EPOCH + 1)
  },
}

type Act = (purse: SiliconPurse) => unknown

/** Every command that may change the purse. Each is said once, and its bytes are then said again. */
const COMMANDS: Readonly<Record<string, Act>> = {
  load: purse => purse.deliver(commandOf(next(purse.read(), 'load', 7n))),
  pay: purse => purse.deliver(commandOf(next(purse.read(), 'pay', 7n))),
  refund: purse => purse.deliver(commandOf(next(purse.read(), 'refund', 7n))),
  sweep: purse => purse.deliver(commandOf(next(purse.read(), 'sweep', 0n))),
  'abort that cancels': purse => purse.deliver(abortOf(next(purse.read(), 'pay', 7n))),
  'abort of the latest': purse =>
    purse.deliver(abortOf({ ...at(purse.read().number), kind: 'pay', amount: 40n, prev: at(1) })),
  confirm: purse => {
    const { epoch, number, offlineAmount: amount, offlineCount: count } = purse.read()
    return purse.confirm({ epoch, number }, { amount, count, time: 2_000_000_000 })
  },
  set: purse => purse.deliver(purse.nextSettings({ blocked: true, pinAbove: money(3n) })),
  fence: purse => purse.fence(EPOCH + 3),
  debit: purse => {
    const sale = nextSale(purse, 3n)
    return purse.meet(shop).ask(shop, sale)
  },
  void: purse => {
    const { seq } = purse.read()
    return purse.meet(shop).ask(shop, { type: 'void-request', seq, amount: 2n, sale: seq })
  },
  freeze: purse => purse.greet().request(HOLDER_REQUEST.freeze, 1),
  'set PIN': purse => purse.greet().request(HOLDER_REQUEST.setPin, ...OTHER_PIN),
  'change PIN': purse => {
    purse.greet().verifyPin(PIN, TO_CHANGE)
    return purse.request(HOLDER_REQUEST.setPin, ...OTHER_PIN)
  },
  'the right PIN': purse => purse.meet(shop).verifyPin(PIN, TO_CHANGE),
  'a wrong PIN': purse => purse.meet(shop).verifyPin(OTHER_PIN, TO_CHANGE),
}

/** Commands of more than one write (C-7): a try is taken, given back, then the PIN is set. Each write is a state of its own. */
const STEPWISE = ['change PIN', 'the right PIN', 'a wrong PIN']

/** One command on one purse, as bytes. */
interface Deed {
  readonly name: string
  readonly silicon: MemorySilicon
  readonly said: readonly Bytes[]
  readonly stepwise: boolean
}

/** Every chapter's purse with every command. */
export async function deeds(): Promise<readonly Deed[]> {
  const purse = await purseOnSilicon()
  return Object.entries(CHAPTERS).flatMap(([chapter, go]) => {
    go(purse)
    return Object.entries(COMMANDS).map(([command, act]) => {
      const mine = purse.fork()
      act(mine)
      // the last contact is the deed; what was asked before it only prepared
      const said = mine.chip.said.slice(mine.chip.said.findLastIndex(apdu => apdu[1] === 0xa4))
      const name = `${command}: ${chapter}`
      return { name, silicon: purse.chip.silicon.copy(), said, stepwise: STEPWISE.includes(command) }
    })
  })
}

export interface Torture {
  readonly cuts: number
  /** What stood that should not. */
  readonly wounds: readonly string[]
}

/** Cuts one deed at each `step`th byte. */
export function torture(deed: Deed, step = 1, openStore: OpenRecordStore = openRecordStore): Torture {
  const { silicon, said } = deed
  const whole = silicon.copy()
  const answer = sayAgain(steady(whole, openStore), said)
  const states = between(deed, openStore)
  const wounds: string[] = []
  let cuts = 0
  for (let afterBytes = 0; afterBytes < whole.wear.bytes; afterBytes += step)
    for (const torn of TORN) {
      cuts++
      const wound = cut(deed, { afterBytes, torn }, { openStore, states, answer })
      if (wound !== undefined) wounds.push(`${deed.name}, byte ${afterBytes} of ${whole.wear.bytes}, ${torn}: ${wound}`)
    }
  return { cuts, wounds }
}

interface Meant {
  readonly openStore: OpenRecordStore
  /** As it was, then after each write that is one of its own, then as it was meant to be. */
  readonly states: readonly string[]
  readonly answer: Bytes
}

/** One cut. @returns what is wrong with what stands */
function cut(
  { silicon, said, stepwise }: Deed,
  plan: { afterBytes: number; torn: Torn },
  meant: Meant,
): string | undefined {
  const { openStore, states, answer } = meant
  const torn = silicon.copy()
  torn.planCut(plan)
  try {
    sayAgain(steady(torn, openStore), said)
    return 'power stayed'
  } catch (error) {
    if (!(error instanceof PowerLost)) throw error
  }
  torn.powerOn()
  const stands = seen(torn, openStore)
  if (!states.includes(stands)) return 'neither as before nor as meant'
  if (stepwise) return undefined // a try that was taken is taken: said again, it takes another
  const again = sayAgain(steady(torn, openStore), said)
  if (seen(torn, openStore) !== states.at(-1)) return 'said again it does not end as meant'
  return stands === states[0] && hex(again) !== hex(answer) ? 'said again it is answered otherwise' : undefined
}

/** The states in which this deed may be interrupted: before and after, or after each of its writes of a page. */
function between({ silicon, said, stepwise }: Deed, openStore: OpenRecordStore): readonly string[] {
  const states = [seen(silicon, openStore)]
  for (let writes = 0; ; writes++) {
    const copy = silicon.copy()
    const finished = sayWithin(copy, said, writes)
    if (finished || stepwise) states.push(seen(copy, openRecordStore))
    if (finished) return [...new Set(states)]
  }
}

/** Says it with power for so many page writes. @returns whether that was enough */
function sayWithin(silicon: MemorySilicon, said: readonly Bytes[], writes: number): boolean {
  let left = writes
  const openStore: OpenRecordStore = (memory, area) => {
    const store = openRecordStore(memory, area)
    const write = (page: number, payload: Bytes): void => {
      if (left-- === 0) throw new PowerLost('between two pages')
      store.write(page, payload)
    }
    return { read: page => store.read(page), peek: page => store.peek(page), erase: () => store.erase(), write }
  }
  try {
    sayAgain(steady(silicon, openStore), said)
    return true
  } catch (error) {
    if (error instanceof PowerLost) return false
    throw error
  }
}

/** Page 0 is the head, and tells which of the records from page 6 on are there (docs/spec/chip.md). */
const [HEAD, FIRST_RECORD, RECORD_PAGES] = [0, 6, 21]
const SEQ_AT = 52
const RECORD_SEQ_AT = 13

/** All that the purse holds: head, keys, certificate, and of its records those that the head knows. */
function seen(silicon: MemorySilicon, openStore: OpenRecordStore): string {
  const store = openStore(silicon, storeArea(0))
  const head = store.read(HEAD) ?? new Uint8Array(SEQ_AT + 4)
  const seq = new DataView(head.buffer, head.byteOffset).getUint32(SEQ_AT, true)
  const pages = Array.from({ length: FIRST_RECORD + RECORD_PAGES }, (_, page) => {
    const content = readable(() => store.read(page))
    if (page < FIRST_RECORD || content === undefined) return content
    const mine = new DataView(content.buffer, content.byteOffset).getUint32(RECORD_SEQ_AT)
    return mine <= seq && seq - mine < RECORD_PAGES - 1 ? content : undefined
  })
  return pages.map(page => (page === undefined ? '-' : hex(page))).join('\n')
}

/** A torn record that the head does not know may be anything; with two slots it is old or new. */
function readable(read: () => Bytes | undefined): Bytes | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof Defective) return utf8('defective')
    throw error
  }
}
