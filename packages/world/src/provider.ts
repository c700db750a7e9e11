/**
 * The card provider of a world: takes the money for a load once, however often it is asked; declines, keeps silent after
 * it has taken the money, and tells of captures once, twice, late or never. What it remembers is the truth about funds.
 */
import type { LoadId } from '@kozeni/base/ids'
import { no } from '@kozeni/base/result'
import type { LoadRow } from '@kozeni/center/book'
import type { Captured, CaptureNotice, FundingSource, GivenBack } from '@kozeni/center/funding'
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
  readonly #returned = new Set<LoadId>()

  constructor(city: City) {
    this.#city = city
    this.#dice = diceOf(city, 'provider')
  }

  /** What it has taken and not given back. */
  get holds(): bigint {
    const kept = [...this.#captured].filter(([load]) => !this.#returned.has(load))
    return kept.reduce((sum, [, amount]) => sum + amount, 0n)
  }

  async capture(load: LoadRow): Promise<Captured> {
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

  async check({ load }: LoadRow): Promise<Captured> {
    if (this.#captured.has(load)) return { state: 'captured', capture: nameOf(load) }
    return this.#declined.has(load) ? { state: 'declined', reason: 'insufficient_funds' } : { state: 'unknown' }
  }

  async giveBack({ load }: LoadRow): Promise<GivenBack> {
    this.#returned.add(load)
    return 'given-back'
  }

  async giveBackStray({ load }: CaptureNotice): Promise<GivenBack> {
    this.#returned.add(load)
    return 'given-back'
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

const nameOf = (load: LoadId): string => `capture of ${load}`
