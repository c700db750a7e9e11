/**
 * A center over a book in Maps, behind real HTTP, with two holders, two stores and a till each; and clients that sign as
 * any of them. Time stands still until a test moves it.
 */
import { type Call, caller as clientOf } from '@kozeni/api/call'
import type { Credentials } from '@kozeni/api/exchange'
import type { HttpResponse } from '@kozeni/api/http'
import type { KeyName } from '@kozeni/api/key-name'
import { routes } from '@kozeni/api/routes'
import { sign, signerOf } from '@kozeni/api/signature'
import { fetchTransport } from '@kozeni/api/transport-fetch'
import { type Bytes, base64url, bigEndian, concat, hex, NO_BYTES, utf8 } from '@kozeni/base/bytes'
import { type Clock, StillClock, seconds } from '@kozeni/base/clock'
import { currency } from '@kozeni/base/currency'
import { SeededDice } from '@kozeni/base/dice'
import {
  type AccountId,
  type ChipId,
  type DeviceId,
  id,
  type PurseId,
  type StoreId,
  type TerminalId,
} from '@kozeni/base/ids'
import { money, total } from '@kozeni/base/money'
import { NO_RANGES } from '@kozeni/base/ranges'
import type { Result } from '@kozeni/base/result'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { type Receipt, receipt, receiptMac } from '@kozeni/protocol/debit'
import { makeNumber, type TransactionNumber } from '@kozeni/protocol/number'
import type { Refusal } from '@kozeni/protocol/refusal'
import { windowAt } from '@kozeni/protocol/seed'
import { encodeTransaction, type Transaction } from '@kozeni/protocol/transaction'
import type { Book, PurseRow } from './book.ts'
import { MemoryBook } from './book-memory.ts'
import type { Center } from './center.ts'
import type { FundingSource } from './funding.ts'
import { TestFunding } from './funding-for-tests.ts'
import { Hotlists } from './hotlist.ts'
import { memoryMarks } from './mark-memory.ts'
import { FIRST_OPERATOR, operatorOf } from './operators.ts'
import { defaultPolicy } from './policy.ts'
import { createServer, defaultLimits, type ServerLimits } from './server.ts'
import { memoryVault } from './vault-memory.ts'
import { MemoryViews } from './views-memory.ts'

/** A receipt as a till uploads it that has accepted no hotlist. */
export const uploaded = (whole: Bytes) => ({ receipt: base64url(whole), position: 1, hotlist: 0 })

export const OPERATOR_TOKEN = 'the-operators-token-of-this-test'
/** Of another operator. */
export const SECOND_TOKEN = 'the-second-operators-token'
const NOW = Date.parse('2026-04-01T09:30:00.000Z')
const JPY = currency('JPY')

interface Signing {
  readonly privateKey: Bytes
  readonly publicKey: Bytes
  readonly call: Call
}

export interface Holder extends Signing {
  readonly device: DeviceId
  readonly account: AccountId
  readonly purse: PurseId
  /** The chip's own key. */
  readonly chipKey: Bytes
}

export interface Shop extends Signing {
  readonly store: StoreId
  readonly webhookSecret: string
  readonly till: Signing & { readonly terminal: TerminalId }
}

/** A request as it is written down in a test; signed by `as` over exactly what is sent. */
export interface RawRequest {
  readonly method?: string
  readonly target: string
  readonly as?: { readonly name: KeyName; readonly privateKey: Bytes }
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Bytes
  /** Changes what was signed before it is sent. */
  readonly spoil?: (headers: Record<string, string>) => Record<string, string>
  /** Ten seconds. */
  readonly timeoutMs?: number
}

interface Setting {
  readonly limits?: ServerLimits | undefined
  readonly now?: number
}

/** Whoever asks a center that listens somewhere, over whatever book. */
export class Town<B extends Book = Book, C extends Clock = Clock> {
  readonly dice = new SeededDice(11)
  readonly vault = memoryVault(crypto, 5)
  readonly book: B
  readonly clock: C
  origin = ''
  #sequence = 0

  constructor(book: B, clock: C) {
    this.book = book
    this.clock = clock
  }

  client = (credentials: Credentials): Call =>
    clientOf({
      origin: this.origin,
      credentials,
      transport: fetchTransport,
      clock: this.clock,
      crypto,
      dice: this.dice,
    })

  operator = (token = OPERATOR_TOKEN): Call => this.client({ show: 'token', token })

  signing(name: (key: Bytes) => KeyName, privateKey = crypto.generate(this.dice)): Signing {
    const publicKey = crypto.publicKey(privateKey)
    const signer = signerOf(crypto, name(publicKey), privateKey)
    return { privateKey, publicKey, call: this.client({ show: 'signature', signer }) }
  }

  /** A holder whose purse is active, and holds 5,000. */
  async holder(purse: string): Promise<Holder> {
    const unknown = this.signing(publicKey => ({ kind: 'key', publicKey }))
    const { device, account } = right(
      await unknown.call(routes.registerDevice, { body: { publicKey: base64url(unknown.publicKey) } }),
    )
    const known = this.signing(() => ({ kind: 'device', id: device }), unknown.privateKey)
    const chipKey = crypto.generate(this.dice)
    const row = purseRow(id<PurseId>(purse), { device, account, publicKey: crypto.publicKey(chipKey) })
    await this.put(row)
    return { ...known, device, account, purse: row.purse, chipKey }
  }

  async put(row: PurseRow): Promise<void> {
    const { purse, chip } = row
    await this.book.run({
      keys: { purse, chip },
      decide: () => ({
        answer: undefined,
        writes: [
          { write: 'purse', row },
          { write: 'chip', row: { chip, chipClass: 'software', purse } },
        ],
      }),
    })
  }

  async shop(name: string, webhookUrl?: string): Promise<Shop> {
    const [storeKey, tillKey] = [crypto.generate(this.dice), crypto.generate(this.dice)]
    const [publicKey, tillPublic] = [storeKey, tillKey].map(key => base64url(crypto.publicKey(key)))
    const body = {
      name,
      publicKey: publicKey ?? '',
      currency: JPY,
      feeBasisPoints: 100,
      ...(webhookUrl && { webhookUrl }),
    }
    const idempotencyKey = hex(this.dice.bytes(16))
    const { store, webhookSecret } = right(await this.operator()(routes.registerStore, { body, idempotencyKey }))
    const { terminal } = right(
      await this.operator()(routes.registerTerminal, { body: { store, publicKey: tillPublic ?? '' }, idempotencyKey }),
    )
    const till = { ...this.signing(() => ({ kind: 'terminal', id: terminal }), tillKey), terminal }
    return { ...this.signing(() => ({ kind: 'store', id: store }), storeKey), store, webhookSecret, till }
  }

  /** What a store's server hands to a phone. */
  sale(
    { store }: Pick<Shop, 'store'>,
    change: Partial<Transaction> = {},
  ): { transaction: string; number: TransactionNumber } {
    const now = seconds(this.clock.now())
    const transaction: Transaction = {
      ...{ store, terminal: null, sequence: ++this.#sequence, amount: money(300n), currency: JPY },
      ...{ time: now, expires: now + 600, orderReference: 'order 1', returnUrl: '', generation: 1 },
      window: windowAt(now, defaultPolicy.windows.lengthSeconds),
      ...change,
    }
    const number = makeNumber(crypto, this.vault.seed(transaction), transaction)
    return { transaction: base64url(encodeTransaction(transaction)), number }
  }

  /** A chip's receipt for an off-line debit. */
  receipt({ purse, chipKey }: Holder, { till }: Shop, change: Partial<Receipt> = {}): Bytes {
    const facts: Receipt = {
      ...{ version: 1, type: 'receipt', direction: 'to-center', purse, keyVersion: 2, kind: 'debit', seq: 1 },
      ...{ amount: money(120n), currency: JPY, terminal: till.terminal, sale: 1, time: seconds(this.clock.now()) },
      ...{ credits: total(5000n), debits: total(120n), flag: false, epoch: 1, number: 0 },
      ...{
        digest: new Uint8Array(32),
        outcome: 'none',
        prevSeq: 0,
        prevAmount: money(0n),
        prevTerminal: bigEndian(0, 4),
      },
      ...change,
    }
    const body = receipt.write(facts)
    const keys = this.vault.purseKeys(facts.keyVersion, purse)
    return concat(body, crypto.sign(chipKey, body), receiptMac(crypto, keys?.receipt ?? NO_BYTES, body))
  }

  /** Sends what no client of ours would. */
  async raw({
    method = 'POST',
    target,
    as,
    headers = {},
    body = '',
    spoil = same => same,
    timeoutMs = 10_000,
  }: RawRequest): Promise<HttpResponse> {
    const bytes = typeof body === 'string' ? utf8(body) : body
    const given = { ...(bytes.length > 0 && { 'content-type': 'application/json' }), ...headers }
    const request = { method, authority: new URL(this.origin).host, target, headers: given, body: bytes }
    const signed =
      as && (await sign(crypto, request, signerOf(crypto, as.name, as.privateKey), seconds(this.clock.now())))
    return await fetchTransport({
      ...request,
      origin: this.origin,
      timeoutMs,
      headers: spoil({ ...given, ...signed }),
    })
  }
}

export class TestCenter extends Town<MemoryBook, StillClock> {
  readonly views: MemoryViews
  readonly logged: string[] = []
  readonly center: Center
  readonly #limits: ServerLimits
  close: () => Promise<void> = async () => undefined

  constructor(funding: FundingSource, { limits = defaultLimits, now = NOW }: Setting = {}) {
    const still = new StillClock(now)
    super(new MemoryBook(still), still)
    this.views = new MemoryViews(this.book)
    const { clock, dice, book, views, vault } = this
    this.#limits = limits
    this.center = {
      ...{ clock, dice, book, views, vault, crypto, funding, marks: memoryMarks() },
      policy: defaultPolicy,
      module: utf8('the purse program'),
      hotlists: new Hotlists({ book, clock, views, vault }),
      operators: [operatorOf(crypto, FIRST_OPERATOR, OPERATOR_TOKEN), operatorOf(crypto, 'second', SECOND_TOKEN)],
      log: (level, message, facts) => this.logged.push(JSON.stringify({ level, message, ...facts })),
    }
  }

  async listen(): Promise<this> {
    const app = await createServer(this.center, this.#limits)
    this.origin = await app.listen({ host: '127.0.0.1', port: 0 })
    this.close = () => app.close()
    return this
  }

  /** Everything that the book holds, a line a row: equal when nothing has changed. */
  dump = (): readonly string[] =>
    Object.entries(this.book.tables)
      .flatMap(([name, rows]) => [...rows].map(([key, row]) => `${name} ${key} ${JSON.stringify(row, spelled)}`))
      .sort()
}

const spelled = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? `${value}n` : value instanceof Uint8Array ? `hex:${hex(value)}` : value

/** A center that listens, with a provider that the test commands. */
export async function testCenter(limits?: ServerLimits): Promise<TestCenter & { readonly funding: TestFunding }> {
  const funding = new TestFunding()
  return Object.assign(await new TestCenter(funding, { limits }).listen(), { funding })
}

/** The value of an answer that the test needs to go on. */
export function right<T>(result: Result<T, Refusal>): T {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.refusal)}`)
  return result.value
}

/** What was refused, or 'yes'. */
export const verdictOf = (result: Result<unknown, Refusal>): string => (result.ok ? 'yes' : result.refusal.code)

function purseRow(
  purse: PurseId,
  { device, account, publicKey }: Pick<PurseRow, 'device' | 'account' | 'publicKey'>,
): PurseRow {
  const none = total(0n)
  return {
    ...{ purse, chip: id<ChipId>(purse), device, account, currency: JPY, chipClass: 'software', stage: 'active' },
    ...{ reservedUntil: NOW, publicKey, certificate: undefined, keyVersion: 2, keysSince: 0, keyFloor: 1 },
    ...{ epoch: 1, number: 0, closedEpoch: 1, closedNumber: 0, flag: false },
    ...{ credits: total(5000n), debits: none, seenCredits: total(5000n), seenDebits: none, seenSeq: 0 },
    ...{ seenEpoch: 0, seenNumber: 0, seenStage: 0, seenFloor: 0 },
    ...{ bookedAmount: none, bookedCount: 0, voidedAmount: none, taken: NO_RANGES, trail: NO_BYTES },
    ...{ settings: 1, settingsSeen: 1, blocked: false },
    limits: defaultPolicy.limits,
    movingTo: undefined,
    lostAt: undefined,
    writtenOff: none,
    writeOffs: 0,
    holds: 0,
  }
}
