/**
 * The card provider of a world: takes the money for a load once, however often it is asked; declines, keeps silent after
 * it has taken the money or given it back, and tells of captures once, twice, late or never. What it remembers is the truth about funds.
 */
import type { LoadId } from '@kozeni/base/ids'
import type { Money } from '@kozeni/base/money'
import { no } from '@kozeni/base/result'
import type { LoadRow } from '@kozeni/center/book'
import type { CaptureNotice, Checked, FundingSource, GivenBack } from '@kozeni/center/funding'
import { refusal } from '@kozeni/protocol/refusal'
import { type City, diceOf, strikes } from './city.ts'
import type { QuickDice } from './quick-dice.ts'

const SOON_MS = 3_000
const LATE_MS = 12 * 3_600_000

export class Provider implements FundingSource {
  readonly #city: City
  readonly #dice: QuickDice
  readonly #captured = new Map<LoadId, bigint>()
  readonly #declined = new Set<LoadId>()
  readonly #returned = new Map<LoadId, bigint>()

  constructor(city: City) {
    this.#city = city
    this.#dice = diceOf(city, 'provider')
  }

  /** What it has taken and not given back. */
  get holds(): bigint {
    return sumOf(this.#captured) - sumOf(this.#returned)
  }

  async capture(load: LoadRow): Promise<Checked> {
    const known = await this.check(load)
    if (known.state !== 'unknown') return known
    if (strikes(this.#city, this.#dice, 'captureDeclined')) {
      this.#declined.add(load.load)
      return { state: 'declined', reason: 'insufficient_funds' }
    }
    this.#captured.set(load.load, load.amount)
    this.#tell({ load: load.load, capture: nameOf(load.load) })
    return strikes(this.#city, this.#dice, 'captureUnsaid') ? { state: 'unknown' } : this.check(load)
  }

  async check({ load }: LoadRow): Promise<Checked> {
    if (this.#returned.has(load)) return { state: 'given-back' }
    if (this.#captured.has(load)) return { state: 'captured', capture: nameOf(load) }
    return this.#declined.has(load) ? { state: 'declined', reason: 'insufficient_funds' } : { state: 'unknown' }
  }

  async giveBack({ load }: LoadRow, amount: Money): Promise<GivenBack> {
    return this.#giveBack(load, amount)
  }

  async giveBackStray({ load }: CaptureNotice): Promise<GivenBack> {
    return this.#giveBack(load, this.#captured.get(load) ?? 0n)
  }

  /** Once, however often it is asked; what was said first stands. */
  #giveBack(load: LoadId, amount: bigint): GivenBack {
    if (!this.#returned.has(load)) this.#returned.set(load, amount)
    return strikes(this.#city, this.#dice, 'giveBackUnsaid') ? 'unknown' : 'given-back'
  }

  hear: FundingSource['hear'] = () => no(refusal('signature-wrong'))

  #tell(notice: CaptureNotice): void {
    if (strikes(this.#city, this.#dice, 'noticeNever')) return
    const times = strikes(this.#city, this.#dice, 'noticeTwice') ? 2 : 1
    for (let time = 0; time < times; time++) {
      const late = strikes(this.#city, this.#dice, 'noticeLate')
      const { network, timeline } = this.#city
      const send = () =>
        network.insist('provider', center => center.cardWebhook({ caller: { kind: 'provider', notice } }))
      timeline.begin(send, this.#dice.below(late ? LATE_MS : SOON_MS))
    }
  }
}

const sumOf = (amounts: ReadonlyMap<LoadId, bigint>): bigint =>
  [...amounts.values()].reduce((sum, one) => sum + one, 0n)

const nameOf = (load: LoadId): string => `capture of ${load}`
