/** Receipts as chips would have made them, in uploads as terminals would send them; made before anything is measured. */
import { type Bytes, concat } from '@kozeni/base/bytes'
import { currency } from '@kozeni/base/currency'
import { money, total } from '@kozeni/base/money'
import type { TerminalRow } from '@kozeni/center/book'
import type { Vault } from '@kozeni/center/vault'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { receipt, receiptMac } from '@kozeni/protocol/debit'
import { CHIP_KEY, LOADED, purse, STORES, store, storeOf, TERMINALS, terminal } from './population.ts'

export interface Upload {
  readonly terminal: TerminalRow
  readonly receipts: readonly Bytes[]
}

export const UPLOAD = 200
const JPY = currency('JPY')
const UNSIGNED = new Uint8Array(64)

/** Where each purse and each terminal has come to. */
export class Sales {
  readonly #seqs = new Map<number, number>()
  readonly #sales = new Uint32Array(TERMINALS + 1)
  readonly #vault: Vault
  #chance = 1

  constructor(vault: Vault) {
    this.#vault = vault
  }

  /**
   * @param purses  how many there are to sell to, each as likely as any other
   * @param hot     the part of all uploads that comes from one store's terminals
   */
  uploads(count: number, purses: number, hot = 0): Upload[] {
    return Array.from({ length: count }, () => this.#upload(this.#terminal(hot), purses))
  }

  #terminal(hot: number): number {
    const any = this.#below(TERMINALS) + 1
    return this.#below(1000) < hot * 1000 ? Math.max(1, Math.floor(any / STORES)) * STORES : any
  }

  #upload(number: number, purses: number): Upload {
    const row: TerminalRow = {
      ...{ terminal: terminal(number), store: store(storeOf(number)), publicKey: UNSIGNED },
      ...{ stolen: false, lostAt: undefined, lastUpload: undefined, journal: undefined },
    }
    return {
      terminal: row,
      receipts: Array.from({ length: UPLOAD }, (_, i) => this.#receipt(number, this.#below(purses) + 1, i === 0)),
    }
  }

  /** Only the first of an upload is signed: it is the one whose signature is looked at (collecting.ts). */
  #receipt(at: number, by: number, isSigned: boolean): Bytes {
    const seq = (this.#seqs.get(by) ?? 0) + 1
    this.#seqs.set(by, seq)
    const sale = ((this.#sales[at] ?? 0) + 1) >>> 0
    this.#sales[at] = sale
    const body = receipt.write({
      ...{ version: 1, type: 'receipt', direction: 'to-center', purse: purse(by), keyVersion: 1, kind: 'debit', seq },
      ...{ amount: money(100n), currency: JPY, terminal: terminal(at), sale, time: 0, credits: total(LOADED) },
      ...{ debits: total(100n * BigInt(seq)), flag: false, epoch: 1, number: 0, digest: new Uint8Array(32) },
      ...{ outcome: 'none', prevSeq: 0, prevAmount: money(0n), prevTerminal: new Uint8Array(4) },
    })
    const key = this.#vault.purseKeys(1, purse(by))?.receipt ?? UNSIGNED
    const signature = isSigned ? crypto.sign(CHIP_KEY, body) : UNSIGNED
    return concat(body, signature, receiptMac(crypto, key, body))
  }

  /** Xorshift: the same in every run. */
  #below(limit: number): number {
    this.#chance ^= this.#chance << 13
    this.#chance ^= this.#chance >>> 17
    this.#chance ^= this.#chance << 5
    return (this.#chance >>> 0) % limit
  }
}
