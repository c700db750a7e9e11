/**
 * A center small enough to be obviously right, behind the real contract: inputs and answers pass the routes' own
 * schemas. It closes an operation only on the chip's answer, and loses requests and answers when told to.
 */
import type { Call } from '@kozeni/api/call'
import { readInput } from '@kozeni/api/input'
import type { Route } from '@kozeni/api/route'
import { type Bytes, base64url, bigEndian, concat, fromBase64url, utf8 } from '@kozeni/base/bytes'
import { type Clock, seconds } from '@kozeni/base/clock'
import { currency } from '@kozeni/base/currency'
import { SeededDice } from '@kozeni/base/dice'
import { type AccountId, type DeviceId, freshId, type LoadId, type PurseId, type StoreId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { commandApdu, encodeCommand } from '@kozeni/protocol/apdu'
import { purseCertificate } from '@kozeni/protocol/certificate'
import { nobleCrypto as crypto } from '@kozeni/protocol/crypto-noble'
import { PROOF_BYTES } from '@kozeni/protocol/proof'
import { GROUP, INS, PURSE_AID, purseCommand, selectCommand } from '@kozeni/protocol/purse'
import { paymentReference } from '@kozeni/protocol/reference'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { decodeTransaction } from '@kozeni/protocol/transaction'
import type { Caller, Dial } from './center.ts'
import { LOAD, lastNumber, type ModelChip, PAY } from './chip-for-tests.ts'

const JPY = currency('JPY')
const SESSION_MS = 60_000
const CERTIFICATE_SECONDS = 7 * 86_400

interface Operation {
  readonly number: number
  readonly kind: number
  readonly amount: bigint
  readonly done: (applied: boolean) => void
  readonly until: number
}

interface Load {
  readonly load: LoadId
  readonly purse: PurseId
  readonly amount: string
  readonly method: string
  stage: 'captured' | 'loaded' | 'giving-back' | 'given-back'
  cancelled: boolean
}

interface Payment {
  readonly store: StoreId
  readonly number: string
  readonly purse: PurseId
  readonly amount: bigint
  readonly place: number
  readonly until: number
  verdict: 'pending' | 'paid' | 'not-paid'
}

type Handler = (input: Input, who: Caller) => Result<unknown, Refusal>
interface Input {
  readonly params: Record<string, string>
  // each handler reads what its own schema has proved to be there
  readonly body: Record<string, never>
  readonly idempotencyKey: string
}

export class ModelCenter {
  readonly clock: Clock
  readonly chip: ModelChip
  readonly dice = new SeededDice(77)
  /** What becomes of the next call: lost on the way there, or on the way back. */
  lost: () => 'there' | 'back' | undefined = () => undefined
  /** Every call, by its route's name. */
  readonly calls: string[] = []
  /** Captures made at the provider. */
  captures = 0
  readonly loads = new Map<string, Load>()
  readonly payments = new Map<string, Payment>()
  readonly devices = new Map<string, { device: DeviceId; account: AccountId }>()
  purse: { readonly purse: PurseId; stage: 'reserved' | 'active' } | undefined
  #number = 0
  #open: Operation | undefined

  constructor(chip: ModelChip, clock: Clock) {
    this.chip = chip
    this.clock = clock
  }

  readonly dial: Dial = who => {
    const call: Call = async (route, input) => {
      this.calls.push(route.name)
      const fate = this.lost()
      if (fate === 'there') return no(refusal('center-unreachable'))
      const answer = this.#serve(route, input, who)
      return fate === 'back' ? no(refusal('center-unreachable')) : (answer as never)
    }
    return call
  }

  #serve(route: Route, input: unknown, who: Caller): Result<unknown, Refusal> {
    const given = { params: {}, body: {}, idempotencyKey: '', ...(input as object) } as Input
    const checked = route.body === undefined ? ok(undefined) : readInput(route.body, given.body, 'body')
    if (!checked.ok) return checked
    const handler = this.#handlers[route.name]
    if (handler === undefined) return no(refusal('not-found'))
    if (route.name !== 'registerDevice' && who.device === undefined) return no(refusal('caller-unknown'))
    const answer = handler(given, who)
    return answer.ok ? readInput(route.answer, answer.value, 'answer') : answer
  }

  readonly #handlers: Readonly<Record<string, Handler>> = {
    registerDevice: ({ body }) => this.#register(body['publicKey'] ?? ''),
    reserveInstallation: (_, { device }) => {
      this.purse ??= { purse: freshId<PurseId>(this.dice), stage: 'reserved' }
      return ok({ ...this.purse, device, reservedUntil: this.#at(SESSION_MS) })
    },
    contact: ({ body }, who) => this.#contact(body, who),
    getPurse: () => ok(this.#purseAnswer()),
    createLoad: ({ body, idempotencyKey }) => this.#createLoad(idempotencyKey, body),
    getLoad: ({ params }) => this.#loadAnswer([...this.loads.values()].find(one => one.load === params['load'])),
    cancelLoad: ({ params }) => this.#cancelLoad([...this.loads.values()].find(one => one.load === params['load'])),
    createPayment: ({ body }) => this.#createPayment(body),
    getPayment: ({ params }) => this.#paymentAnswer(this.payments.get(`${params['store']}${params['number']}`)),
  }

  #at(inMs = 0): string {
    return new Date(this.clock.now() + inMs).toISOString()
  }

  #register(publicKey: string): Result<unknown, Refusal> {
    const known = this.devices.get(publicKey)
    if (known !== undefined) return ok(known)
    const fresh = { device: freshId<DeviceId>(this.dice), account: freshId<AccountId>(this.dice) }
    this.devices.set(publicKey, fresh)
    return ok({ ...fresh, secret: base64url(this.dice.bytes(16)) })
  }

  #purseAnswer() {
    const purse = this.purse?.purse
    const zero = { maximumValue: '0', maximumDebit: '0', lowerAmount: '0', upperAmount: '0', pinAbove: '0' }
    const facts = { version: 1, type: 'purse-certificate', issuerKeyVersion: 1, chipClass: 'software' } as const
    const expires = seconds(this.clock.now()) + CERTIFICATE_SECONDS
    const certificate =
      purse &&
      concat(
        purseCertificate.write({ ...facts, purse, currency: JPY, expires, publicKey: this.chip.publicKey }),
        new Uint8Array(64),
      )
    return {
      purse,
      chip: '00c0c0c0c0c0c0c0',
      device: [...this.devices.values()][0]?.device,
      chipClass: 'software',
      stage: this.purse?.stage,
      currency: JPY,
      value: '0',
      flag: this.#open !== undefined,
      epoch: 1,
      number: this.#number,
      waiting: [],
      settings: { number: 1, seen: 1, blocked: false, limits: { ...zero, lowerCount: 0, upperCount: 0 } },
      certificate: certificate && base64url(certificate),
    }
  }

  #createLoad(key: string, body: Record<string, string>): Result<unknown, Refusal> {
    const known = this.loads.get(key)
    if (known !== undefined)
      return known.amount === body['amount'] ? this.#loadAnswer(known) : no(refusal('key-reused'))
    if (body['method'] === 'declined') return no(refusal('funding-declined'))
    this.captures++
    const purse = body['purse'] as PurseId
    const { amount = '', method = '' } = body
    this.loads.set(key, {
      load: freshId<LoadId>(this.dice),
      purse,
      amount,
      method,
      stage: 'captured',
      cancelled: false,
    })
    return this.#loadAnswer(this.loads.get(key))
  }

  #loadAnswer(load: Load | undefined): Result<unknown, Refusal> {
    return load === undefined ? no(refusal('not-found')) : ok({ ...load, currency: JPY, at: this.#at() })
  }

  #cancelLoad(load: Load | undefined): Result<unknown, Refusal> {
    if (load?.stage === 'loaded') return no(refusal('load-too-late'))
    if (load !== undefined && this.#open === undefined) Object.assign(load, { stage: 'given-back', cancelled: true })
    return this.#loadAnswer(load)
  }

  #createPayment(body: Record<string, string>): Result<unknown, Refusal> {
    const transaction = decodeTransaction(fromBase64url(body['transaction'] ?? '') ?? new Uint8Array())
    if (transaction === undefined) return no(refusal('data-wrong'))
    const { store, amount } = transaction
    const number = body['number'] ?? ''
    const known = this.payments.get(store + number)
    if (known !== undefined) return this.#paymentAnswer(known)
    if (this.#open !== undefined) return no(refusal('operation-open'))
    if (this.clock.now() >= 1000 * transaction.expires) return no(refusal('sale-expired'))
    const until = this.clock.now() + SESSION_MS
    const place = ++this.#number
    const payment: Payment = {
      store,
      number,
      purse: body['purse'] as PurseId,
      amount,
      place,
      until,
      verdict: 'pending',
    }
    const done = (applied: boolean) => void (payment.verdict = applied ? 'paid' : 'not-paid')
    this.#open = { number: place, kind: PAY, amount, done, until }
    this.chip.referenceOf = () => paymentReference(crypto, store, number)
    this.payments.set(store + number, payment)
    return this.#paymentAnswer(payment)
  }

  #paymentAnswer(payment: Payment | undefined): Result<unknown, Refusal> {
    if (payment === undefined) return no(refusal('not-found'))
    const { store, number, amount, verdict, place } = payment
    const proof = verdict === 'pending' ? undefined : base64url(new Uint8Array(PROOF_BYTES).fill(place))
    const operation = { epoch: 1, number: place }
    const sessionEnd = new Date(payment.until).toISOString()
    return ok({ store, number, amount: String(amount), currency: JPY, verdict, operation, proof, sessionEnd })
  }

  #contact(body: Record<string, unknown>, who: Caller): Result<unknown, Refusal> {
    const token = typeof body['token'] === 'string' ? fromToken(body['token']) : undefined
    const responses = (body['responses'] as string[]).map(one => fromBase64url(one) ?? new Uint8Array())
    if (token === 'install' || isInstall(body['purpose'])) return ok(this.#install(responses, who))
    if (token !== undefined) this.#hear(responses)
    return ok(this.#say(token !== undefined))
  }

  #install(responses: readonly Bytes[], who: Caller): object {
    const statement = { about: 'installation', step: 'keys', stage: this.purse?.stage }
    if (responses.length === 0) {
      const command = encodeCommand(commandApdu(0x80, GROUP.activate, 0, 0))
      return { token: toToken('install'), commands: [base64url(command)], done: false, report: [statement] }
    }
    if (this.purse !== undefined) {
      this.purse.stage = 'active'
      this.chip.purse = this.purse.purse
      this.chip.device = { key: crypto.publicKey(who.privateKey) }
    }
    return { commands: [], done: true, report: [{ ...statement, step: 'round-trip', stage: 'active' }] }
  }

  /** The last answer names the number last executed; a refusal names none. */
  #hear(responses: readonly Bytes[]): void {
    const answer = responses.at(-1)
    const open = this.#open
    if (open === undefined || answer?.length !== 7 || lastNumber(answer) !== open.number) return
    this.#open = undefined
    open.done(answer[4] === 1)
  }

  #say(spoken: boolean): object {
    this.#openWaiting()
    const open = this.#open
    if (open === undefined || (spoken && this.#repeats++ > 0)) {
      this.#repeats = 0
      return { commands: [], done: true, report: [] }
    }
    const message = concat(Uint8Array.of(open.kind), bigEndian(open.number, 4), bigEndian(open.amount, 4))
    const commands = [selectCommand(PURSE_AID), purseCommand(INS.message, message)]
    return {
      token: toToken('purse'),
      commands: commands.map(one => base64url(encodeCommand(one))),
      done: false,
      report: [],
    }
  }

  #repeats = 0

  #openWaiting(): void {
    const load = [...this.loads.values()].find(one => one.stage === 'captured')
    if (this.#open !== undefined || load === undefined) return
    const done = () => void (load.stage = 'loaded')
    this.#open = { number: ++this.#number, kind: LOAD, amount: BigInt(load.amount), done, until: 0 }
  }
}

const toToken = (text: string): string => base64url(utf8(text))
const fromToken = (token: string): string => new TextDecoder().decode(fromBase64url(token) ?? new Uint8Array())
const isInstall = (purpose: unknown): boolean =>
  typeof purpose === 'object' && purpose !== null && 'kind' in purpose && purpose.kind === 'install'
