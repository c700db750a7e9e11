/**
 * A model of a purse that does what PROTOCOL §4 says of chips, and remembers all that it ever did, so that a test can
 * judge. It knows no operations, limits or PINs; the real program does.
 */
import { type Bytes, bigEndian, concat, equal } from '@kozeni/base/bytes'
import { currency } from '@kozeni/base/currency'
import type { Dice } from '@kozeni/base/dice'
import type { PurseId } from '@kozeni/base/ids'
import { total, ZERO } from '@kozeni/base/money'
import { decodeCommand } from '@kozeni/protocol/apdu'
import {
  type ChipClass,
  certify,
  checkCertificate,
  purseCertificate,
  TERMINAL_CERTIFICATE_BYTES,
  type TerminalCertificate,
  terminalCertificate,
} from '@kozeni/protocol/certificate'
import { type Crypto, MAC_BYTES, SHA256_BYTES } from '@kozeni/protocol/crypto'
import {
  acquaintance,
  CHALLENGE_BYTES,
  type DebitRequest,
  debitRequest,
  introduction,
  PSEUDONYM_BYTES,
  type ReceiptKind,
  readReceipt,
  receipt,
  type SignedReceipt,
} from '@kozeni/protocol/debit'
import { greeting, INS } from '@kozeni/protocol/purse'
import type { Reader } from '@kozeni/protocol/reader'
import { type RefusalCode, WIRE } from '@kozeni/protocol/refusal'

/** What happens to one command on its way. */
export type Fault = 'none' | 'command-lost' | 'answer-lost'

export interface ChipParts {
  readonly crypto: Crypto
  readonly dice: Dice
  readonly issuer: Bytes
  readonly purse: PurseId
  readonly chipClass?: ChipClass
  readonly expires: number
  readonly balance: bigint
}

const RING = 20

export class ChipForTests {
  readonly purse: PurseId
  readonly #parts: ChipParts
  readonly #key: Bytes
  readonly certificate: Bytes
  /** Everything it ever did, the newest last; the ring is the last twenty. */
  readonly records: SignedReceipt[] = []
  /** Every message of the center that it was given. */
  readonly mail: Bytes[] = []
  /** Hears of every record at the moment it is made. */
  made: (record: SignedReceipt) => void = () => {}
  /** What it says of its last operation with the center, which it knows nothing else of. */
  flag = false
  /** Says this to every request instead of acting. */
  refuses: RefusalCode | undefined
  #challenge: Bytes = new Uint8Array()
  #met: TerminalCertificate | undefined

  constructor(parts: ChipParts) {
    this.#parts = parts
    const { crypto, purse, chipClass = 'hardware', expires } = parts
    this.purse = purse
    this.#key = crypto.generate(parts.dice)
    const facts = { version: 1, type: 'purse-certificate', issuerKeyVersion: 1, purse, chipClass, expires } as const
    this.certificate = certify(message => crypto.sign(parts.issuer, message), purseCertificate, {
      ...facts,
      currency: currency('JPY'),
      publicKey: crypto.publicKey(this.#key),
    })
  }

  get seq(): number {
    return this.records.length
  }

  /** What it holds. */
  get value(): bigint {
    return this.#sum('void') + this.#parts.balance - this.#sum('debit')
  }

  /** The chip in a field where every command meets the next of these faults; then none. */
  reader(faults: readonly Fault[] = []): Reader & { contacts: number } {
    const ahead = [...faults]
    let there = false
    const reader: Reader & { contacts: number } = {
      contacts: 0,
      connect: async () => {
        reader.contacts += 1
        this.#met = undefined
        there = true
        return true
      },
      transmit: async command => {
        const fault = ahead.shift() ?? 'none'
        const answer = there && fault !== 'command-lost' ? this.process(command) : undefined
        if (fault !== 'none') there = false
        return there ? answer : undefined
      },
      disconnect: async () => {
        there = false
      },
    }
    return reader
  }

  /** A sale somewhere else, at another terminal. */
  payElsewhere(request: DebitRequest): void {
    this.#conclude('debit', request)
  }

  process(command: Bytes): Bytes {
    const { ins, data } = decodeCommand(command) ?? { ins: 0, data: command }
    if (ins === 0xa4) return this.#greet()
    if (ins === INS.introduce) return this.#introduce(data)
    if (ins === INS.message) return this.#take(data)
    if (ins === INS.readReceipt) return this.#show(data)
    if (ins === INS.debit || ins === INS.void) return this.#act(ins === INS.debit ? 'debit' : 'void', data)
    return no('instruction-unknown')
  }

  /** The ring, for the terminal that made the sale. */
  #show(sale: Bytes): Bytes {
    const made = this.records
      .slice(-RING)
      .findLast(each => each.receipt.terminal === this.#met?.terminal && equal(bigEndian(each.receipt.sale, 4), sale))
    return made === undefined ? no('not-found') : yes(wholeOf(made))
  }

  /** What any chip does with mail, seen from outside: it answers, and the same to the same while nothing else happens. */
  #take(message: Bytes): Bytes {
    this.mail.push(message)
    return yes(concat(message, bigEndian(this.seq, 4)))
  }

  #greet(): Bytes {
    this.#challenge = this.#parts.dice.bytes(CHALLENGE_BYTES)
    return yes(greeting.write({ version: 1, challenge: this.#challenge }))
  }

  #introduce(data: Bytes): Bytes {
    const { crypto, issuer } = this.#parts
    const certificate = data.slice(0, TERMINAL_CERTIFICATE_BYTES)
    const facts = checkCertificate(crypto, crypto.publicKey(issuer), terminalCertificate, certificate)
    if (facts === undefined) return no('signature-wrong')
    const { terminal, publicKey } = facts
    const message = introduction.write({
      version: 1,
      type: 'introduction',
      direction: 'to-chip',
      terminal,
      challenge: this.#challenge,
    })
    if (!crypto.verify(publicKey, message, data.slice(TERMINAL_CERTIFICATE_BYTES))) return no('signature-wrong')
    this.#met = facts
    const last = this.records.at(-1)?.receipt
    return yes(
      acquaintance.write({
        certificate: this.certificate,
        seq: this.seq,
        prevAmount: last?.amount ?? ZERO,
        prevTerminal: new Uint8Array(PSEUDONYM_BYTES),
        flag: this.flag,
        onlineWanted: this.seq >= 15,
      }),
    )
  }

  /** In the order of D-4. */
  #act(kind: ReceiptKind, data: Bytes): Bytes {
    const body = data.slice(0, debitRequest.size)
    const request = debitRequest.read(body)
    if (this.#met === undefined) return no('not-authenticated')
    if (request === undefined || request.purse !== this.purse) return no('data-wrong')
    if (!this.#parts.crypto.verify(this.#met.publicKey, body, data.slice(debitRequest.size)))
      return no('signature-wrong')
    const earlier = this.records
      .slice(-RING)
      .findLast(
        ({ receipt: made }) => made.kind === kind && made.terminal === request.terminal && made.sale === request.sale,
      )
    if (earlier !== undefined) return this.#again(request, earlier)
    if (request.seq !== this.seq) return no(kind === 'debit' ? 'moved-on' : 'not-last')
    if (this.refuses !== undefined) return no(this.refuses)
    if (kind === 'debit' && request.amount > this.value) return no('balance-too-low')
    return yes(wholeOf(this.#conclude(kind, request)))
  }

  #again(request: DebitRequest, earlier: SignedReceipt): Bytes {
    const { seq, amount, time } = earlier.receipt
    const same = seq === request.seq + 1 && amount === request.amount && time === request.time
    return same ? yes(wholeOf(earlier)) : no('sale-differs')
  }

  #conclude(kind: ReceiptKind, { amount, currency: letters, terminal, sale, time }: DebitRequest): SignedReceipt {
    const { crypto, balance } = this.#parts
    const last = this.records.at(-1)?.receipt
    const body = receipt.write({
      version: 1,
      type: 'receipt',
      direction: 'to-center',
      purse: this.purse,
      keyVersion: 1,
      kind,
      seq: this.seq + 1,
      amount,
      currency: letters,
      terminal,
      sale,
      time,
      credits: total(balance + this.#sum('void') + (kind === 'void' ? amount : 0n)),
      debits: total(this.#sum('debit') + (kind === 'debit' ? amount : 0n)),
      flag: false,
      epoch: 1,
      number: 0,
      digest: new Uint8Array(SHA256_BYTES),
      outcome: 'none',
      prevSeq: last?.seq ?? 0,
      prevAmount: last?.amount ?? ZERO,
      prevTerminal: new Uint8Array(PSEUDONYM_BYTES),
    })
    const record = readReceipt(concat(body, crypto.sign(this.#key, body), new Uint8Array(MAC_BYTES)))
    if (record === undefined) throw new Error('a receipt reads as one')
    this.records.push(record)
    this.made(record)
    return record
  }

  #sum(kind: ReceiptKind): bigint {
    return this.records.reduce((sum, { receipt: made }) => sum + (made.kind === kind ? made.amount : 0n), 0n)
  }
}

/** Body ‖ signature ‖ MAC. */
export const wholeOf = ({ body, signature, mac }: SignedReceipt): Bytes => concat(body, signature, mac)

/** Whether these bytes are this record. */
export const isRecord = (record: SignedReceipt, whole: Bytes): boolean => equal(wholeOf(record), whole)

const yes = (data: Bytes): Bytes => concat(data, bigEndian(0x9000, 2))
const no = (code: RefusalCode): Bytes => bigEndian(WIRE[code].statusWord, 2)
