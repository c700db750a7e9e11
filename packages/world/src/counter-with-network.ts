/** A store's counter in a town: a till with the real machine, and a network to the center that a story switches off and on. */
import { SeededDice } from '@kozeni/base/dice'
import type { StoreId } from '@kozeni/base/ids'
import { money } from '@kozeni/base/money'
import { no } from '@kozeni/base/result'
import type { Book } from '@kozeni/center/book'
import { Chip } from '@kozeni/chip/chip'
import { LocalReader } from '@kozeni/chip/reader-local'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import type { Reader } from '@kozeni/protocol/reader'
import { refusal } from '@kozeni/protocol/refusal'
import type { Center } from '@kozeni/terminal/center'
import { MemoryJournal } from '@kozeni/terminal/journal-memory'
import { sameAsHardware } from '@kozeni/terminal/limits'
import { Terminal } from '@kozeni/terminal/terminal'
import type { Holder, TownWith } from './town.ts'

export class CounterWithNetwork {
  readonly till: Terminal
  readonly journal: MemoryJournal
  readonly #network: { on: boolean }
  readonly #again: (disk: MemoryJournal) => Promise<CounterWithNetwork>

  private constructor(
    till: Terminal,
    journal: MemoryJournal,
    network: { on: boolean },
    again: (disk: MemoryJournal) => Promise<CounterWithNetwork>,
  ) {
    this.till = till
    this.journal = journal
    this.#network = network
    this.#again = again
  }

  /** A new till of the store's that has been on-line once. @param seed  another one makes another key */
  static async open(town: TownWith<Book>, store: StoreId, seed: number): Promise<CounterWithNetwork> {
    const [counter] = await CounterWithNetwork.openCopies(town, store, seed, 1)
    if (counter === undefined) throw new Error('one counter was opened')
    return counter
  }

  /** So many tills that all are one and the same to the center: somebody has copied a terminal with its key. */
  static async openCopies(
    town: TownWith<Book>,
    store: StoreId,
    seed: number,
    count: number,
  ): Promise<CounterWithNetwork[]> {
    const key = crypto.generate(new SeededDice(seed))
    const center = await town.openTill(store, crypto.publicKey(key))
    const copies = await Promise.all(Array.from({ length: count }, () => CounterWithNetwork.#start(town, center, key)))
    await Promise.all(copies.map(copy => copy.upload()))
    return copies
  }

  static async #start(
    town: TownWith<Book>,
    reached: Center,
    key: Uint8Array,
    journal = new MemoryJournal(crypto),
  ): Promise<CounterWithNetwork> {
    const network = { on: true }
    const center = over(network, reached)
    const opened = await Terminal.open({ crypto, clock: town.clock, journal, center, key, software: sameAsHardware })
    if (!opened.ok) throw new Error(opened.refusal.code)
    const again = (disk: MemoryJournal) => CounterWithNetwork.#start(town, reached, key, disk)
    return new CounterWithNetwork(opened.value, journal, network, again)
  }

  /** The same till with another disk in it. */
  withDisk(entries: ReturnType<MemoryJournal['entries']>): Promise<CounterWithNetwork> {
    return this.#again(new MemoryJournal(crypto, entries))
  }

  set online(on: boolean) {
    this.#network.on = on
  }

  /** One tap of this chip. */
  sell(amount: bigint, reader: Reader) {
    return this.till.sell(money(amount), { reader, waitMs: 1 })
  }

  async upload(): Promise<void> {
    const uploaded = await this.till.upload()
    if (!uploaded.ok) throw new Error(`not uploaded: ${JSON.stringify(uploaded.refusal)}`)
  }
}

/**
 * The holder's chip as a till reaches it.
 *
 * @param answers  after so many it is gone
 * @param unheard  and still hears so many commands, whose answers are lost
 */
export function radioOf({ silicon }: Holder, answers = Number.POSITIVE_INFINITY, unheard = 0): Reader {
  const radio = new LocalReader(new Chip({ silicon, crypto, dice: new SeededDice(8) }), 'radio')
  let left = answers
  return {
    connect: () => radio.connect(),
    disconnect: () => radio.disconnect(),
    transmit: async command => {
      left -= 1
      const answer = left >= 0 - unheard ? await radio.transmit(command) : undefined
      return left >= 0 ? answer : undefined
    },
  }
}

function over(network: { readonly on: boolean }, center: Center): Center {
  const gone = no(refusal('center-unreachable'))
  return {
    deliver: async upload => (network.on ? await center.deliver(upload) : gone),
    standing: async since => (network.on ? await center.standing(since) : gone),
    mail: async exchange => (network.on ? await center.mail(exchange) : gone),
    contact: async round => (network.on ? await center.contact(round) : gone),
  }
}
