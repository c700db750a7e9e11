/**
 * What may happen at the store's own server: it asks the center, or is brought a proof, as late and as often as can be; and
 * after a restore it takes no old word any more, and tells what it has honoured (F-12).
 */
import { unhex } from '@kozeni/base/bytes'
import { completeReport, takeHonoured } from '@kozeni/center/honoured'
import { settleVerdict } from '@kozeni/center/payment'
import { checkProof, readProof } from '@kozeni/protocol/proof'
import { offered, type Sale } from '@kozeni/store/sale'
import { type Cast, STORE } from './cast.ts'
import { spell } from './centers.ts'
import { Interner } from './interner.ts'
import { crypto, EPOCH, means, vault } from './issuer.ts'
import { epochOf } from './judge.ts'
import type { Outcome } from './move.ts'
import { saleOf } from './online.ts'

/** The store's own book. */
interface Ledger {
  readonly sales: readonly Sale[]
  /** Decisions of earlier epochs are refused. */
  readonly floor: number
  readonly reported: number
}

/** What the judge asks of the store. */
export class Shop {
  readonly #cast: Cast
  readonly #ledgers = new Interner<Ledger>()
  readonly #place: number

  constructor(cast: Cast) {
    this.#cast = cast
    const sales = cast.plot.pays.map(({ amount }, i) => offered(saleOf(i, amount)))
    this.#place = cast.stage.part(this.#number({ sales, floor: EPOCH, reported: EPOCH }))
    for (const i of sales.keys()) this.#asking(i)
    if (cast.plot.restores > 0) this.#fencing()
  }

  /** What the store says was paid: it has given the goods for it. */
  paid(state: Int32Array): number {
    const { sales } = this.#ledger(state)
    return sales.reduce((sum, sale) => sum + (sale.state === 'paid' ? Number(sale.transaction.amount) : 0), 0)
  }

  /** Every sale that the center has decided on is known to be, and every restore. */
  isAtRest(state: Int32Array): boolean {
    const { sales, reported } = this.#ledger(state)
    const tables = this.#cast.centers.tables(state[this.#cast.centerAt] ?? 0)
    const { number, operation } = tables
    const told = sales.every(({ number: name, decision }) => {
      const row = number.get(`${STORE} ${name}`)
      const opened = row && operation.get(`${row.purse} ${row.epoch} ${row.number}`)
      return decision !== null || opened === undefined
    })
    return told && reported >= epochOf(tables)
  }

  #ledger(state: Int32Array): Ledger {
    return this.#ledgers.value(state[this.#place] ?? 0)
  }

  #number(ledger: Ledger): number {
    return this.#ledgers.number(spell(ledger), () => ledger)
  }

  /** The center says what was decided about sale `i`: its proof may arrive now, or at any time. */
  #asking(i: number): void {
    const { stage, centers, centerAt, clock, plot } = this.#cast
    const transaction = saleOf(i, plot.pays[i]?.amount ?? 1n).number
    stage.may({
      parts: [this.#place, centerAt, ...clock],
      perform: (shop, book, tick) => {
        const used = centers.tables(book).number.get(`${STORE} ${transaction}`)
        if (used === undefined) return []
        const { book: after, answer } = centers.run(book, this.#cast.nowMs(tick), settleVerdict(means, used))
        const proof = answer.ok ? answer.value.proof : undefined
        if (proof === undefined || !answer.ok) return []
        const time = tick === undefined ? [] : [tick]
        const sends = [this.#proof(i, proof)]
        const heard = this.#honoured(shop, i, proof)
        const says = `The center says that sale ${i + 1} is ${answer.value.verdict}`
        const late: Outcome = { next: [shop, after, ...time], sends, fair: false, says: `${says}, but it is delayed` }
        return heard === shop
          ? [late]
          : [{ next: [heard, after, ...time], sends, fair: true, says: `${says}, and the store hears it` }, late]
      },
    })
  }

  #proof(i: number, proof: string): number {
    return this.#cast.stage.net.message(`proof ${i} ${proof}`, () => ({
      parts: [this.#place],
      perform: shop => {
        const after = this.#honoured(shop, i, proof)
        const says = `The store is shown the proof that sale ${i + 1} is ${this.#ledgers.value(after).sales[i]?.state}`
        return after === shop ? [] : [{ next: [after], sends: [], fair: false, says }]
      },
    }))
  }

  /** The store's book after a proof, by the store's own rule. */
  #honoured(shop: number, i: number, proof: string): number {
    const ledger = this.#ledgers.value(shop)
    const [sale, said] = [ledger.sales[i], readProof(proof)]
    if (sale === undefined || !said.ok || !checkProof(crypto, vault.seed(sale.transaction), proof).ok) return shop
    const { verdict, operation, epoch } = said.value
    const settled = this.#cast.design.honour(sale, ledger.floor, { verdict, operation, epoch, proof })
    if (!settled.ok) return shop
    return this.#number({ ...ledger, sales: ledger.sales.with(i, settled.value.sale) })
  }

  /** The floor is raised first, durably; then all that was honoured is told, as often as it takes. */
  #fencing(): void {
    const { stage, centers, centerAt } = this.#cast
    const present = (book: number): number => epochOf(centers.tables(book))
    stage.may({
      parts: [this.#place, centerAt],
      perform: (shop, book) => {
        const ledger = this.#ledgers.value(shop)
        if (present(book) <= ledger.floor) return []
        const after = this.#number({ ...ledger, floor: present(book) })
        return [{ next: [after, book], sends: [], fair: true, says: 'The store learns of the new epoch' }]
      },
    })
    stage.may({
      parts: [this.#place, centerAt],
      perform: (shop, book) => {
        const ledger = this.#ledgers.value(shop)
        if (ledger.reported >= ledger.floor) return []
        const reported = this.#number({ ...ledger, reported: ledger.floor })
        const told = this.#report(book, ledger)
        const says = 'The store tells what it has honoured'
        return [
          { next: [reported, told], sends: [], fair: true, says },
          { next: [shop, told], sends: [], fair: false, says: `${says}, and gets no answer` },
        ]
      },
    })
  }

  #report(book: number, { sales, floor }: Ledger): number {
    const { centers } = this.#cast
    const now = this.#cast.nowMs()
    const each = sales.reduce((before, { number, decision }) => {
      if (decision === null) return before
      const { verdict, operation, epoch } = decision
      const said = { store: STORE, transaction: number, verdict, reference: unhex(operation), epoch }
      return centers.run(before, now, takeHonoured(said)).book
    }, book)
    return centers.run(each, now, completeReport(STORE, floor)).book
  }
}
