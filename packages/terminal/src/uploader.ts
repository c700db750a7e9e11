/**
 * Shows the center what it may lack, and fetches what the terminal needs to go on alone. It may go on beside a tap: it
 * never touches the sale that is being voided, and a sale that it has begun to show is not voided any more (D-6).
 */
import { no, ok, type Result } from '@kozeni/base/result'
import type { Crypto } from '@kozeni/protocol/crypto'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { Center } from './center.ts'
import { answersDue, exchangeOf, mailEntries } from './mail.ts'
import type { Memory } from './memory.ts'
import { standingEntries } from './standing.ts'
import type { Sale } from './till.ts'
import { answersOf, batchesOf, dueSales, notGivenDue, overdueVoids, toldOf, uploadOf } from './upload.ts'

/** What an upload achieved. */
export interface Uploaded {
  /** Receipts answered, those shown again included. */
  readonly receipts: number
  readonly hotlistVersion: number
}

interface Parts {
  readonly crypto: Crypto
  readonly center: Center
  /** The terminal's private key. */
  readonly key: Uint8Array
}

export class Uploader {
  readonly #parts: Parts
  readonly #memory: Memory
  readonly #offering = new Set<number>()
  #voiding: number | undefined
  #busy = false

  constructor(parts: Parts, memory: Memory) {
    this.#parts = parts
    this.#memory = memory
  }

  /** Whether the sale is about to be shown to the center. */
  isOffering(sale: number): boolean {
    return this.#offering.has(sale)
  }

  /** Does `work` while this sale is kept from the center. */
  async holding<T>(sale: number, work: () => Promise<T>): Promise<T> {
    this.#voiding = sale
    try {
      return await work()
    } finally {
      this.#voiding = undefined
    }
  }

  /**
   * All of it, once. May be repeated at any time; cut off anywhere, the next one does the rest.
   *
   * @refuses terminal-busy · center-unreachable · center-garbled · whatever the center refuses
   * @spec    D-6, D-7, K-1
   */
  async upload(): Promise<Result<Uploaded, Refusal>> {
    if (this.#busy) return no(refusal('terminal-busy'))
    this.#busy = true
    try {
      const receipts = await this.#showReceipts()
      if (!receipts.ok) return receipts
      const mail = await this.#exchangeMail()
      if (!mail.ok) return mail
      const fetched = await this.#fetchStanding()
      return fetched.ok ? ok({ receipts: receipts.value, hotlistVersion: fetched.value }) : fetched
    } finally {
      this.#busy = false
    }
  }

  async #showReceipts(): Promise<Result<number, Refusal>> {
    const { till, now } = this.#memory
    for (const { sale } of overdueVoids(till, now)) {
      if (sale !== this.#voiding) await this.#memory.write({ entry: 'void-given-up', at: now, sale })
    }
    let receipts = 0
    let batch: readonly Sale[] | undefined = this.#nextBatch() ?? []
    while (batch !== undefined) {
      const shown = await this.#showBatch(batch)
      if (!shown.ok) return shown
      receipts += shown.value
      batch = this.#nextBatch()
    }
    await this.#memory.write({ entry: 'uploaded', at: this.#memory.now })
    return ok(receipts)
  }

  /** What is answered is not due any more, so this comes to an end. */
  #nextBatch(): readonly Sale[] | undefined {
    return batchesOf(dueSales(this.#memory.till, this.#memory.now, this.#voiding))[0]
  }

  /** That they are offered is durable before the center sees them (D-6). */
  async #showBatch(batch: readonly Sale[]): Promise<Result<number, Refusal>> {
    const fresh = batch.filter(({ offered }) => !offered).map(({ sale }) => sale)
    if (fresh.length > 0) await this.#offer(fresh)
    const { till, last, now } = this.#memory
    const notGiven = notGivenDue(till, now)
    const upload = uploadOf(batch, notGiven, last, till.offlineSince)
    const answer = await this.#parts.center.deliver(upload)
    if (!answer.ok) return answer
    const entries = answersOf(batch, answer.value.answers, now)
    if (!entries.ok) return entries
    const told = toldOf(notGiven, answer.value.notGiven, now)
    if (!told.ok) return told
    for (const entry of [...entries.value, ...told.value]) await this.#memory.write(entry)
    return ok(upload.receipts.length)
  }

  async #offer(sales: readonly number[]): Promise<void> {
    for (const sale of sales) this.#offering.add(sale)
    await this.#memory.write({ entry: 'offered', at: this.#memory.now, sales })
    for (const sale of sales) this.#offering.delete(sale)
  }

  /** Chips' answers go to the center, and the newer list of mail comes back; again while answers are left. @spec F-9 */
  async #exchangeMail(): Promise<Result<undefined, Refusal>> {
    do {
      const due = answersDue(this.#memory.till)
      const said = await this.#parts.center.mail(exchangeOf(due))
      if (!said.ok) return said
      const entries = mailEntries(this.#memory.till, due, said.value, this.#memory.now)
      if (!entries.ok) return entries
      for (const entry of entries.value) await this.#memory.write(entry)
    } while (answersDue(this.#memory.till).length > 0)
    return ok(undefined)
  }

  /** @returns the hotlist's version */
  async #fetchStanding(): Promise<Result<number, Refusal>> {
    const { center, crypto, key } = this.#parts
    const { till } = this.#memory
    const said = await center.standing(till.hotlist?.version ?? 0)
    if (!said.ok) return said
    const entries = standingEntries(crypto, till, crypto.publicKey(key), said.value, this.#memory.now)
    if (!entries.ok) return entries
    for (const entry of entries.value) await this.#memory.write(entry)
    return ok(till.hotlist?.version ?? 0)
  }
}
