/** A provider in memory that does what a test tells it to: pays, declines, keeps silent before or after it has paid. */
import { fromUtf8 } from '@kozeni/base/bytes'
import type { LoadId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { idText, object, parseJson, string } from '@kozeni/protocol/json'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { LoadRow } from './book.ts'
import type { CaptureNotice, Checked, FundingSource, GivenBack } from './funding.ts'

const NOTICE = object<CaptureNotice>({ load: idText<LoadId>, capture: string })

export class TestFunding implements FundingSource {
  next: 'pays' | 'declines' | 'silent-before' | 'silent-after' = 'pays'
  readonly captured = new Map<LoadId, bigint>()
  readonly refunded = new Set<string>()
  readonly givenBack = new Map<LoadId, bigint>()

  async capture(load: LoadRow): Promise<Checked> {
    const how = this.next
    if (this.givenBack.has(load.load)) return { state: 'given-back' }
    if (this.captured.has(load.load)) return { state: 'captured', capture: `pi_${load.load}` }
    if (how === 'declines') return { state: 'declined', reason: 'insufficient_funds' }
    if (how !== 'silent-before') this.captured.set(load.load, load.amount)
    return how === 'pays' ? { state: 'captured', capture: `pi_${load.load}` } : { state: 'unknown' }
  }

  async check(load: LoadRow): Promise<Checked> {
    if (this.givenBack.has(load.load)) return { state: 'given-back' }
    return this.captured.has(load.load) ? { state: 'captured', capture: `pi_${load.load}` } : { state: 'unknown' }
  }

  async giveBack(load: LoadRow, amount: bigint): Promise<GivenBack> {
    this.givenBack.set(load.load, amount)
    this.refunded.add(load.capture ?? '')
    return 'given-back'
  }

  async giveBackStray({ capture }: CaptureNotice): Promise<GivenBack> {
    this.refunded.add(capture)
    return 'given-back'
  }

  hear(body: Uint8Array, signature: string): Result<CaptureNotice | undefined, Refusal> {
    return signature === 'right' ? ok(NOTICE(parseJson(fromUtf8(body) ?? ''))) : no(refusal('signature-wrong'))
  }
}
