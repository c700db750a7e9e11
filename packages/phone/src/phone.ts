/**
 * The telephone part: all that a holder can ask for, one method each. It decides nothing about money: value is on the
 * chip, decisions are the center's, and whatever was interrupted is finished by the next contact of any kind.
 */
import type { Report } from '@kozeni/api/meet'
import type { LoadId } from '@kozeni/base/ids'
import { ok, type Result } from '@kozeni/base/result'
import type { Receipt } from '@kozeni/protocol/debit'
import type { Refusal } from '@kozeni/protocol/refusal'
import type { DeviceState, Registered } from './device.ts'
import { freeze, history, type Shown, setPin, show, verifyPin } from './holder.ts'
import type { PinEntry } from './holder-session.ts'
import { install } from './install.ts'
import { cancelLoad, type LoadAsked, type Loaded, load, settleLoads } from './load.ts'
import { meet } from './meet.ts'
import { type MoveAsked, type Moved, move } from './move.ts'
import { type ActivePurse, type PhoneParts, presentPurse } from './parts.ts'
import { type Asked, type Consent, type Paid, pay, settlePayments } from './pay.ts'
import { type Invitation, register } from './register.ts'
import { renew } from './renew.ts'

/** What recovering found: each part stands for itself. */
export interface Recovered {
  readonly contact: Result<Report, Refusal>
  readonly loads: readonly Result<Loaded['load'], Refusal>[]
  readonly payments: readonly Result<Paid, Refusal>[]
}

export class Phone {
  readonly #parts: PhoneParts

  constructor(parts: PhoneParts) {
    this.#parts = parts
  }

  /** What this device remembers; its key is in it. */
  get state(): DeviceState {
    return this.#parts.device.state
  }

  /** @refuses as register.ts */
  register(invitation?: Invitation): Promise<Result<Registered, Refusal>> {
    return register(this.#parts, invitation)
  }

  /** Makes the chip that is here a purse, or goes on with it. @refuses as install.ts */
  install(): Promise<Result<ActivePurse, Refusal>> {
    return install(this.#parts)
  }

  /** @refuses as load.ts */
  async load(asked: LoadAsked): Promise<Result<Loaded, Refusal>> {
    const loaded = await load(this.#parts, asked)
    if (loaded.ok && loaded.value.contact.ok) await renew(this.#parts)
    return loaded
  }

  /** @refuses as load.ts */
  cancelLoad(name: LoadId): Promise<Result<Loaded, Refusal>> {
    return cancelLoad(this.#parts, name)
  }

  /** @refuses as move.ts */
  move(asked: MoveAsked): Promise<Result<Moved, Refusal>> {
    return move(this.#parts, asked)
  }

  /** @refuses as pay.ts */
  async pay(link: string, consent: (asked: Asked) => Promise<Consent>): Promise<Result<Paid, Refusal>> {
    const paid = await pay(this.#parts, link, consent)
    if (paid.ok && paid.value.verdict === 'paid') await renew(this.#parts)
    return paid
  }

  /** One contact: whatever waits for the chip at the center is brought. @refuses as relay · purse-not-active */
  async contact(): Promise<Result<Report, Refusal>> {
    const own = await presentPurse(this.#parts)
    if (!own.ok) return own
    const met = await meet(this.#parts, { kind: 'purse', purse: own.value.purse })
    if (met.ok) await renew(this.#parts)
    return met
  }

  /**
   * After any interruption: an installation goes on, requests without an answer are sent again as they were, one contact
   * is made, and what has become of loads and payments is asked.
   */
  async recover(): Promise<Result<Recovered, Refusal>> {
    if (this.state.purses.some(({ active }) => active === null)) {
      const installed = await this.install()
      if (!installed.ok) return installed
    }
    await settleLoads(this.#parts)
    const contact = await this.contact()
    return ok({ contact, loads: await settleLoads(this.#parts), payments: await settlePayments(this.#parts) })
  }

  /** What the chip holds and how it is set, with no network. @refuses as holder.ts */
  show(): Promise<Result<Shown, Refusal>> {
    return show(this.#parts)
  }

  /** The chip's newest records, at most `count`, with no network. @refuses as holder.ts */
  history(count: number): Promise<Result<readonly Receipt[], Refusal>> {
    return history(this.#parts, count)
  }

  /** @refuses as holder.ts */
  freeze(frozen: boolean): Promise<Result<Shown, Refusal>> {
    return freeze(this.#parts, frozen)
  }

  /** @param now  the PIN that there is. @refuses as holder.ts */
  setPin(next: string, now?: string): Promise<Result<Shown, Refusal>> {
    return setPin(this.#parts, next, now)
  }

  /** @refuses as holder.ts */
  verifyPin(entry: PinEntry): Promise<Result<undefined, Refusal>> {
    return verifyPin(this.#parts, entry)
  }
}
