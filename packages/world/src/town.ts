/**
 * A center, its book and keys, and people with chips, in one process under a clock that stands still until it is told to
 * move. Everything but the network, the clock and the book's disk is the product itself.
 */

import type { Bytes } from '@kozeni/base/bytes'
import { StillClock, seconds } from '@kozeni/base/clock'
import { currency } from '@kozeni/base/currency'
import { SeededDice } from '@kozeni/base/dice'
import {
  type AccountId,
  type ChipId,
  type DeviceId,
  freshId,
  type LoadId,
  type PurseId,
  type StoreId,
} from '@kozeni/base/ids'
import { money } from '@kozeni/base/money'
import type { Result } from '@kozeni/base/result'
import { type AuditReport, audit } from '@kozeni/center/audit'
import type { Book, Keys, LoadRow, OperationRow, PurseRow, Seen, Write } from '@kozeni/center/book'
import { MemoryBook } from '@kozeni/center/book-memory'
import { beginContact, continueContact, type Means } from '@kozeni/center/contact'
import { openToken } from '@kozeni/center/contact-token'
import { beginInstall, continueInstall } from '@kozeni/center/install'
import { cancelLoad, recordCaptured, recordGivenBack, requestLoad } from '@kozeni/center/load'
import { openPayment, type Payment } from '@kozeni/center/payment'
import { defaultPolicy } from '@kozeni/center/policy'
import { reserve } from '@kozeni/center/reserve'
import { memoryVault } from '@kozeni/center/vault-memory'
import { Chip } from '@kozeni/chip/chip'
import { forge } from '@kozeni/chip/foundry'
import { CHIP_BYTES } from '@kozeni/chip/memory-map'
import { LocalReader } from '@kozeni/chip/reader-local'
import { MemorySilicon } from '@kozeni/chip/silicon-memory'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { makeNumber } from '@kozeni/protocol/number'
import type { Refusal } from '@kozeni/protocol/refusal'
import { windowAt } from '@kozeni/protocol/seed'
import type { Transaction } from '@kozeni/protocol/transaction'
import { memoryArchive } from './archive-memory.ts'
import { type Center, type Loss, type Met, meet } from './relay-with-faults.ts'

const JPY = currency('JPY')
const START_MS = Date.UTC(2026, 0, 5, 9)

/** A chip in somebody's phone, and the purse that it is. */
export interface Holder {
  readonly chip: ChipId
  readonly purse: PurseId
  readonly silicon: MemorySilicon
  readonly reader: LocalReader
}

export class Town {
  readonly clock = new StillClock(START_MS)
  readonly book: MemoryBook
  readonly #means: Means
  readonly #dice: SeededDice
  #sequence = 0

  /** @param module  the purse program, real or weakened */
  constructor(seed: number, module: Bytes) {
    this.#dice = new SeededDice(seed)
    this.book = new MemoryBook(this.clock)
    const vault = memoryVault(nodeCrypto, seed)
    this.#means = {
      book: this.book,
      crypto: nodeCrypto,
      vault,
      policy: defaultPolicy,
      clock: this.clock,
      dice: this.#dice,
      module,
    }
  }

  /** A new phone with a blank chip in it, known to the center's register. */
  async arrive(): Promise<Holder> {
    const [chip, device, account] = [
      freshId<ChipId>(this.#dice),
      freshId<DeviceId>(this.#dice),
      freshId<AccountId>(this.#dice),
    ]
    const silicon = new MemorySilicon(CHIP_BYTES)
    const { vault } = this.#means
    forge(silicon, {
      chip,
      chipClass: 'software',
      cardKeys: vault.cardKeys(chip),
      loadKey: vault.publicKey('load-files'),
    })
    await this.#write({ chip, device, account }, [
      { write: 'chip', row: { chip, chipClass: 'software', purse: undefined } },
      { write: 'account', row: { account, secretDigest: new Uint8Array(32), at: this.clock.now() } },
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
    const reserved = must(await reserve(this.#means, { account, device }, chip))
    const reader = new LocalReader(new Chip({ silicon, crypto: nodeCrypto, dice: this.#dice }))
    return { chip, purse: reserved.purse, silicon, reader }
  }

  /** One contact that installs, or goes on installing. */
  async install(holder: Holder, loss?: Loss): Promise<Met> {
    const row = await this.purse(holder)
    return meet(this.#installing(row), holder.reader, loss)
  }

  /** A holder with an installed purse. */
  async settleIn(): Promise<Holder> {
    const holder = await this.arrive()
    const met = await this.install(holder)
    if (met.ended !== 'done') throw new Error(`not installed: ${met.ended} ${JSON.stringify(met.refusal)}`)
    return holder
  }

  /** One contact of any kind: it heals what it finds. */
  contact(holder: Holder, loss?: Loss): Promise<Met> {
    return meet(this.#meeting(holder.purse), holder.reader, loss)
  }

  /** Asks for a load, and has the provider take the money. */
  async fund(holder: Holder, amount: bigint): Promise<LoadRow> {
    const load = freshId<LoadId>(this.#dice)
    const request = {
      load,
      purse: holder.purse,
      amount: money(amount),
      currency: JPY,
      method: 'card',
      inputDigest: new Uint8Array(32),
    }
    must(await this.book.run(requestLoad(request, defaultPolicy.loadMaximum)))
    return must(await this.book.run(recordCaptured(load, holder.purse, `capture of ${load}`)))
  }

  async cancel(holder: Holder, { load }: LoadRow): Promise<LoadRow> {
    return must(await this.book.run(cancelLoad(load, holder.purse)))
  }

  /** The provider gives back what it is to give back. */
  async giveBack(holder: Holder, { load }: LoadRow): Promise<LoadRow> {
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
    }
    await this.#write({ store }, [{ write: 'store', row }])
    return store
  }

  /** A sale that the store's own server numbered. */
  sale(store: StoreId, amount: bigint): { transaction: Transaction; number: ReturnType<typeof makeNumber> } {
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
    return { transaction, number: makeNumber(nodeCrypto, this.#means.vault.seed(transaction), transaction) }
  }

  pay(holder: Holder, sale: ReturnType<Town['sale']>): Promise<Result<Payment, Refusal>> {
    return this.book.run(openPayment(this.#means, { purse: holder.purse, ...sale }))
  }

  async purse({ purse }: Pick<Holder, 'purse'>): Promise<PurseRow> {
    return some((await this.book.look({ purse })).purse)
  }

  async operation({ purse }: Holder, number: number): Promise<OperationRow> {
    return some((await this.book.look({ purse, operation: { epoch: 1, number } })).operation)
  }

  audit(): Promise<AuditReport> {
    return audit(this.#means, memoryArchive(this.book))
  }

  #meeting(purse: PurseId): Center {
    const caller = 'device:test'
    return {
      begin: () => beginContact(this.#means, caller, purse),
      next: (sealed, responses) => {
        const token = some(openToken(this.#means, caller, sealed))
        if (token.kind !== 'purse') throw new Error('a token of another kind')
        return continueContact(this.#means, token, responses)
      },
    }
  }

  #installing(row: PurseRow): Center {
    const caller = 'device:test'
    return {
      begin: async () => ({ ok: true, value: beginInstall(this.#means, caller, row) }),
      next: (sealed, responses) => {
        const token = some(openToken(this.#means, caller, sealed))
        if (token.kind !== 'install') throw new Error('a token of another kind')
        return continueInstall(this.#means, token, responses)
      },
    }
  }

  async #write(keys: Keys, writes: readonly Write[]): Promise<void> {
    await (this.book as Book).run({ keys, decide: (_: Seen) => ({ answer: undefined, writes }) })
  }
}

function must<T>(result: Result<T, Refusal>): T {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.refusal)}`)
  return result.value
}

function some<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it should be there')
  return value
}
