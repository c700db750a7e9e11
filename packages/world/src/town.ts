/**
 * A center, its book and keys, and people with chips, in one process under a clock that stands still until it is told to
 * move. Everything but the network, the clock and the book's disk is the product itself.
 */

import type { Bytes } from '@kozeni/base/bytes'
import { type Clock, StillClock, seconds } from '@kozeni/base/clock'
import { currency } from '@kozeni/base/currency'
import { SeededDice } from '@kozeni/base/dice'
import {
  type AccountId,
  type ChipId,
  type DeviceId,
  freshId,
  type LoadId,
  type OrderId,
  type PurseId,
  type StoreId,
  type TerminalId,
} from '@kozeni/base/ids'
import { money } from '@kozeni/base/money'
import type { Result } from '@kozeni/base/result'
import type { Archive } from '@kozeni/center/archive'
import { type AuditReport, audit } from '@kozeni/center/audit'
import type { Book, Keys, LoadRow, OperationRow, OrderRow, PurseRow, StoreRow, Write } from '@kozeni/center/book'
import type { EpochRow } from '@kozeni/center/book-epoch'
import { MemoryBook } from '@kozeni/center/book-memory'
import type { MoveRow } from '@kozeni/center/book-move'
import type { SettlementRow } from '@kozeni/center/book-settlement'
import { beginContact, continueContact, type Means } from '@kozeni/center/contact'
import { openToken } from '@kozeni/center/contact-token'
import { beginInstall, continueInstall } from '@kozeni/center/install'
import { cancelLoad, recordCaptured, recordGivenBack, requestLoad } from '@kozeni/center/load'
import { memoryMarks } from '@kozeni/center/mark-memory'
import { leave } from '@kozeni/center/move'
import { settleMoves } from '@kozeni/center/move-settle'
import { openPayment, type Payment } from '@kozeni/center/payment'
import { defaultPolicy } from '@kozeni/center/policy'
import { Pulse } from '@kozeni/center/pulse'
import { blockPurse } from '@kozeni/center/purse-block'
import type { KeyUse } from '@kozeni/center/purse-keys'
import { orderRefund } from '@kozeni/center/refund'
import { registerTerminal } from '@kozeni/center/register'
import { reserve } from '@kozeni/center/reserve'
import { settle } from '@kozeni/center/settle'
import { type MemoryVault, memoryVault } from '@kozeni/center/vault-memory'
import { Chip } from '@kozeni/chip/chip'
import { forge, type Order } from '@kozeni/chip/foundry'
import { CHIP_BYTES } from '@kozeni/chip/memory-map'
import { LocalReader } from '@kozeni/chip/reader-local'
import { MemorySilicon } from '@kozeni/chip/silicon-memory'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { makeNumber } from '@kozeni/protocol/number'
import type { Offer } from '@kozeni/protocol/paylink'
import type { Reader } from '@kozeni/protocol/reader'
import type { Refusal } from '@kozeni/protocol/refusal'
import { windowAt } from '@kozeni/protocol/seed'
import type { Transaction } from '@kozeni/protocol/transaction'
import type { Center as TillCenter } from '@kozeni/terminal/center'
import { must, some } from './must.ts'
import { type Center, type Loss, type Met, meet } from './relay-with-faults.ts'
import { answersOf, memoryOffice, type Office } from './town-office.ts'

const JPY = currency('JPY')
const START_MS = Date.UTC(2026, 0, 5, 9)

/** A chip in somebody's phone, however it is reached, and the purse that it is. */
export interface Person {
  readonly chip: ChipId
  readonly purse: PurseId
  readonly reader: Reader
}

/** Somebody whose chip is in this process. */
export interface Holder extends Person {
  readonly silicon: MemorySilicon
}

/** One decision that a store was told, as it tells it. */
export type Honoured = Parameters<ReturnType<typeof answersOf>['reportHonoured']>[0]['body']['honoured'][number]

/** A town with any book. */
export class TownWith<B extends Book> {
  readonly clock = new StillClock(START_MS)
  /** Outside the book, as beside a vault. */
  readonly marks = memoryMarks()
  readonly book: B
  readonly vault: MemoryVault
  readonly #office: Office<B>
  /** What the center works with, for what a story does to it by itself. */
  readonly means: Means
  readonly #answers: ReturnType<typeof answersOf>
  readonly #dice: SeededDice
  #sequence = 0

  /** @param module  the purse program, real or weakened */
  constructor(seed: number, module: Bytes, office: (clock: Clock) => Office<B>) {
    this.#dice = new SeededDice(seed)
    this.#office = office(this.clock)
    this.book = this.#office.book
    this.vault = memoryVault(nodeCrypto, seed, { clock: this.clock })
    const { vault } = this
    this.means = {
      book: this.book,
      crypto: nodeCrypto,
      vault,
      marks: this.marks,
      policy: defaultPolicy,
      clock: this.clock,
      dice: this.#dice,
      module,
    }
    this.#answers = answersOf(this.means, this.#office.views)
  }

  /** One heartbeat of the book, as a center has every few seconds and at its start. */
  beat(): Promise<EpochRow> {
    return new Pulse({ ...this.means, log: () => {} }).beat()
  }

  /** What the store's server tells a center that came back. */
  report(store: StoreId, epoch: number, honoured: Honoured[]): Promise<unknown> {
    return this.#asStore(store, caller =>
      this.#answers.reportHonoured({ caller, body: { epoch, last: true, honoured } }),
    )
  }

  /** A new phone with a blank chip in it, known to the center's register. @param of  whose phone; a newcomer's */
  async arrive(of?: Person): Promise<Holder> {
    const silicon = new MemorySilicon(CHIP_BYTES)
    const person = await this.moveIn(async order => {
      forge(silicon, order)
      return new LocalReader(new Chip({ silicon, crypto: nodeCrypto, dice: this.#dice }))
    }, of)
    return { ...person, silicon }
  }

  /**
   * As arrive, for a chip that is somewhere else.
   *
   * @param forged  forges it there to this order, and gives the way to it
   */
  async moveIn<R extends Reader>(
    forged: (order: Order) => Promise<R>,
    of?: Person,
  ): Promise<Person & { readonly reader: R }> {
    const [chip, device] = [freshId<ChipId>(this.#dice), freshId<DeviceId>(this.#dice)]
    const account = of ? (await this.purse(of)).account : freshId<AccountId>(this.#dice)
    const newcomer = { account, secretDigest: new Uint8Array(32), at: this.clock.now() }
    await this.#write({ chip, device, account }, [
      { write: 'chip', row: { chip, chipClass: 'software', purse: undefined } },
      ...(of ? [] : [{ write: 'account', row: newcomer } as const]),
      {
        write: 'device',
        row: {
          device,
          account,
          publicKey: nodeCrypto.publicKey(nodeCrypto.generate(this.#dice)),
          at: this.clock.now(),
        },
      },
    ])
    const { purse } = must(await reserve(this.means, { account, device }, chip))
    const { vault } = this.means
    const [cardKeys, loadKey] = [vault.cardKeys(chip), vault.publicKey('load-files')]
    return { chip, purse, reader: await forged({ chip, chipClass: 'software', cardKeys, loadKey }) }
  }

  /** One contact that installs, or goes on installing. */
  async install(holder: Person, loss?: Loss): Promise<Met> {
    return meet(await this.installing(holder), holder.reader, loss)
  }

  /** The center, as a contact that installs this person's purse speaks with it. */
  async installing(person: Person): Promise<Center> {
    const row = await this.purse(person)
    const caller = 'device:test'
    return {
      begin: async () => ({ ok: true, value: beginInstall(this.means, caller, row) }),
      next: (sealed, responses) => {
        const token = some(openToken(this.means, caller, sealed))
        if (token.kind !== 'install') throw new Error('a token of another kind')
        return continueInstall(this.means, token, responses)
      },
    }
  }

  /** A holder with an installed purse. @param of  whose; a newcomer's */
  async settleIn(of?: Person): Promise<Holder> {
    const holder = await this.arrive(of)
    const met = await this.install(holder)
    if (met.ended !== 'done') throw new Error(`not installed: ${met.ended} ${JSON.stringify(met.refusal)}`)
    return holder
  }

  /** One contact of any kind: it heals what it finds. */
  contact(holder: Person, loss?: Loss): Promise<Met> {
    return meet(this.#meeting(holder.purse), holder.reader, loss)
  }

  /** Asks for a load, and has the provider take the money; under the same name again, it is the same load. */
  async fund(
    holder: Person,
    amount: bigint,
    { inParts = false, load = freshId<LoadId>(this.#dice) } = {},
  ): Promise<LoadRow> {
    const request = {
      load,
      purse: holder.purse,
      amount: money(amount),
      currency: JPY,
      method: 'card',
      inParts,
      inputDigest: new Uint8Array(32),
    }
    must(await this.book.run(requestLoad(request, defaultPolicy.loadMaximum)))
    return must(await this.book.run(recordCaptured(load, holder.purse, `capture of ${load}`)))
  }

  /** How purses stand with their keys. */
  keyUses(): Promise<readonly KeyUse[]> {
    return this.#office.views.keyUses()
  }

  /** The holder leaves a purse, for another when it is named. */
  async leave(holder: Person, to?: Person): Promise<Result<PurseRow, Refusal>> {
    return await this.book.run(leave(holder.purse, to && (await this.purse(to))))
  }

  /** What was swept off the purse, after what can be brought was brought. */
  moves(holder: Person): Promise<readonly MoveRow[]> {
    return settleMoves({ book: this.book, views: this.#office.views }, holder)
  }

  /** The same chip, reserved again: the purse that it is, or the next that it becomes. */
  async reserveAgain(holder: Holder): Promise<Holder> {
    const { account, device } = await this.purse(holder)
    const { purse } = must(await reserve(this.means, { account, device }, holder.chip))
    return { ...holder, purse }
  }

  async cancel(holder: Person, { load }: LoadRow): Promise<LoadRow> {
    return must(await this.book.run(cancelLoad(nodeCrypto, load, holder.purse)))
  }

  /** The provider gives back what it is to give back. */
  async giveBack(holder: Person, { load }: LoadRow): Promise<LoadRow> {
    return must(await this.book.run(recordGivenBack(load, holder.purse)))
  }

  async openStore(): Promise<StoreId> {
    const store = freshId<StoreId>(this.#dice)
    const row = {
      store,
      name: 'Bakery',
      currency: JPY,
      publicKey: nodeCrypto.publicKey(nodeCrypto.generate(this.#dice)),
      generation: 1,
      feeBasisPoints: 150,
      webhookUrl: undefined,
      webhookSecret: 'whsec_c2VjcmV0',
      reportedEpoch: 1,
    }
    await this.#write({ store }, [{ write: 'store', row }])
    return store
  }

  /** What the center hands a store to sell with. */
  async seedsFor(store: StoreId): Promise<unknown> {
    return this.#asStore(store, caller => this.#answers.getSeeds({ caller }))
  }

  async #asStore<A>(
    store: StoreId,
    ask: (caller: { readonly kind: 'store'; readonly store: StoreRow }) => Promise<Result<A, Refusal>>,
  ): Promise<A> {
    const row = some((await this.book.look({ store })).store)
    return must(await ask({ kind: 'store', store: row }))
  }

  /** A new till of a store's, under this key; @returns what the center is to it. */
  async openTill(store: StoreId, publicKey: Bytes): Promise<TillCenter> {
    const terminal = freshId<TerminalId>(this.#dice)
    must(await this.book.run(registerTerminal(terminal, store, publicKey)))
    const caller = async () =>
      ({ kind: 'terminal', terminal: some((await this.book.look({ terminal })).terminal) }) as const
    return {
      deliver: async body => this.#answers.uploadReceipts({ caller: await caller(), body }),
      standing: async since => this.#answers.getTerminal({ caller: await caller(), query: { since: String(since) } }),
      mail: async body => this.#answers.exchangeMail({ caller: await caller(), body }),
      contact: async body => this.#answers.contact({ caller: await caller(), body }),
    }
  }

  /** A sale that the store's own server numbered. */
  sale(store: StoreId, amount: bigint): Offer {
    const now = seconds(this.clock.now())
    const window = windowAt(now, defaultPolicy.windows.lengthSeconds)
    const transaction: Transaction = {
      store,
      terminal: null,
      sequence: ++this.#sequence,
      amount: money(amount),
      currency: JPY,
      time: now,
      expires: now + 900,
      orderReference: `order ${this.#sequence}`,
      returnUrl: '',
      generation: 1,
      window,
    }
    return { transaction, number: makeNumber(nodeCrypto, this.means.vault.seed(transaction), transaction) }
  }

  /** The store gives back some of a sale that was paid. */
  async refund({ transaction: { store }, number: transaction }: Offer, amount: bigint): Promise<OrderRow> {
    const used = some((await this.book.look({ number: { store, transaction } })).number)
    const request = { order: freshId<OrderId>(this.#dice), amount: money(amount), inputDigest: new Uint8Array(32) }
    return must(await this.book.run(orderRefund(request, used)))
  }

  /** Closes the store's window now. */
  async settle(store: StoreId): Promise<SettlementRow> {
    return must(await this.book.run(settle(store, this.clock.now())))
  }

  pay(holder: Person, sale: Offer): Promise<Result<Payment, Refusal>> {
    return this.book.run(openPayment(this.means, { purse: holder.purse, ...sale }))
  }

  /** An operator's order. */
  async block({ purse }: Person): Promise<PurseRow> {
    return must(await this.book.run(blockPurse(purse, true)))
  }

  async purse({ purse }: Pick<Person, 'purse'>): Promise<PurseRow> {
    return some((await this.book.look({ purse })).purse)
  }

  async operation({ purse }: Person, number: number, epoch = 1): Promise<OperationRow> {
    return some((await this.book.look({ purse, operation: { epoch, number } })).operation)
  }

  /** What every alarm is about. */
  async alarms(): Promise<readonly string[]> {
    const { rows } = await this.#office.views.alarms({ limit: 100, after: undefined })
    return rows.map(({ what }) => what)
  }

  audit(): Promise<AuditReport> {
    return this.#office.read(archive => this.auditOf(archive))
  }

  /** The same auditor, at any archive of this town's book. */
  auditOf(archive: Archive): Promise<AuditReport> {
    return audit(this.means, archive)
  }

  async close(): Promise<void> {
    await Promise.all([this.book.close(), this.#office.views.close()])
  }

  #meeting(purse: PurseId): Center {
    const caller = 'device:test'
    return {
      begin: () => beginContact(this.means, caller, purse),
      next: (sealed, responses) => {
        const token = some(openToken(this.means, caller, sealed))
        if (token.kind !== 'purse') throw new Error('a token of another kind')
        return continueContact(this.means, token, responses)
      },
    }
  }

  async #write(keys: Keys, writes: readonly Write[]): Promise<void> {
    await this.book.run<undefined>({ keys, decide: () => ({ answer: undefined, writes }) })
  }
}

/** A town whose book is in memory. */
export class Town extends TownWith<MemoryBook> {
  constructor(seed: number, module: Bytes) {
    super(seed, module, memoryOffice)
  }

  backup(): MemoryBook {
    return new MemoryBook(this.clock, this.book)
  }

  restore(backup: MemoryBook): void {
    this.book.restore(backup)
  }
}
