/** Receipts as chips would have made them, in uploads as terminals would send them; made before anything is measured. */
import { type Bytes, concat } from '@kozeni/base/bytes'
import { currency } from '@kozeni/base/currency'
import { SeededDice } from '@kozeni/base/dice'
import { money, total } from '@kozeni/base/money'
import type { TerminalRow } from '@kozeni/center/book'
import type { Vault } from '@kozeni/center/vault'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { receipt, receiptMac } from '@kozeni/protocol/debit'
import { type Receipts, receiptsOf } from '@kozeni/protocol/receipts'
import { purse, STORES, store, storeOf, TERMINALS, terminal } from './names.ts'

export interface Upload {
  readonly terminal: TerminalRow
  readonly receipts: Receipts
}

export const UPLOAD = 200
export const JPY = currency('JPY')

/** All purses here have one chip key. */
export const CHIP_KEY = crypto.generate(new SeededDice(1))

/** The loaded value of each purse, and what each of its sales costs, in minor units. */
export const LOADED = 1_000_000_000n
export const PRICE = 100n

const UNSIGNED = new Uint8Array(64)

/** Purses with even numbers sell off-line, those with odd numbers pay on-line: no chip says two things at once. */
export const payingPurse = (i: number, purses: number): number => 1 + 2 * (i % (purses / 2))

interface Made {
  readonly by: number
  readonly at: number
  readonly seq: number
  readonly sale: number
  /** The center looks at few signatures, and to make one takes longer than all the rest. */
  readonly isSigned: boolean
}

/** The receipt that this purse's chip would have made at this terminal. */
export function receiptOf(vault: Vault, { by, at, seq, sale, isSigned }: Made): Bytes {
  const body = receipt.write({
    ...{ version: 1, type: 'receipt', direction: 'to-center', purse: purse(by), keyVersion: 1, kind: 'debit', seq },
    ...{ amount: money(PRICE), currency: JPY, terminal: terminal(at), sale, time: 0, credits: total(LOADED) },
    ...{ debits: total(PRICE * BigInt(seq)), flag: false, epoch: 1, number: 0, digest: NO_DIGEST },
    ...{ outcome: 'none', prevSeq: 0, prevAmount: money(0n), prevTerminal: NOBODY },
  })
  const key = vault.purseKeys(1, purse(by))?.receipt ?? UNSIGNED
  return concat(body, isSigned ? crypto.sign(CHIP_KEY, body) : UNSIGNED, receiptMac(crypto, key, body))
}

const NO_DIGEST = new Uint8Array(32)
const NOBODY = new Uint8Array(4)

/** What one process has to itself: purses with even numbers or odd ones, and terminals whose sales begin somewhere. */
interface Share {
  readonly parity: 0 | 1
  readonly terminalsAfter: number
  readonly salesAfter: number
}

const FIRST: Share = { parity: 0, terminalsAfter: 0, salesAfter: 0 }
/** A second process's: purses that have not paid yet, and the terminals that brought what was collected before. */
export const SECOND: Share = { parity: 1, terminalsAfter: TERMINALS, salesAfter: 2 ** 31 }

/** A prime, of which no number of purses is a multiple. */
const FAR = 7919

/** Where each purse and each terminal has come to. */
export class Sales {
  readonly #seqs = new Map<number, number>()
  readonly #sales = new Map<number, number>()
  readonly #vault: Vault
  readonly #share: Share
  #chance = 1
  #turn = 0

  constructor(vault: Vault, share: Share = FIRST) {
    this.#vault = vault
    this.#share = share
  }

  /**
   * @param purses  how many there are to sell to, each with an even number as likely as any other
   * @param hot     the part of all uploads that comes from one store's terminals
   */
  uploads(count: number, purses: number, hot = 0): Upload[] {
    const any = (): number => this.#below(purses / 2)
    return Array.from({ length: count }, () => this.#upload(this.#terminal(hot), any))
  }

  /** Each purse in its turn, and those that follow each other stand far from each other. */
  inTurn(count: number, purses: number): Upload[] {
    const next = (): number => (this.#turn++ * FAR) % (purses / 2)
    return Array.from({ length: count }, () => this.#upload(this.#terminal(0), next))
  }

  #terminal(hot: number): number {
    const any = this.#below(TERMINALS) + 1
    const one = this.#below(1000) < hot * 1000 ? Math.max(1, Math.floor(any / STORES)) * STORES : any
    return this.#share.terminalsAfter + one
  }

  #upload(number: number, drawn: () => number): Upload {
    const row: TerminalRow = {
      ...{ terminal: terminal(number), store: store(storeOf(number)), publicKey: UNSIGNED },
      ...{ stolen: false, lostAt: undefined, lastUpload: undefined, journal: undefined },
    }
    const made = Array.from({ length: UPLOAD }, (_, i) =>
      this.#receipt(number, 2 + 2 * drawn() - this.#share.parity, i === 0),
    )
    return { terminal: row, receipts: receiptsOf(made) }
  }

  /** Only the first of an upload is signed: it is the one whose signature is looked at (collecting.ts). */
  #receipt(at: number, by: number, isSigned: boolean): Bytes {
    const seq = (this.#seqs.get(by) ?? 1) + 1
    this.#seqs.set(by, seq)
    const sale = (this.#sales.get(at) ?? this.#share.salesAfter) + 1
    this.#sales.set(at, sale)
    return receiptOf(this.#vault, { by, at, seq, sale, isSigned })
  }

  /** Xorshift: the same in every run. */
  #below(limit: number): number {
    this.#chance ^= this.#chance << 13
    this.#chance ^= this.#chance >>> 17
    this.#chance ^= this.#chance << 5
    return (this.#chance >>> 0) % limit
  }
}
