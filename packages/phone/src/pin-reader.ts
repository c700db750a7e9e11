/**
 * A reader that shows the chip the holder's PIN as soon as the purse program is selected, so that the command which is
 * relayed next finds the gate open. The relay knows nothing of it, and the center never sees the PIN (C-7).
 */
import type { Bytes } from '@kozeni/base/bytes'
import { equal } from '@kozeni/base/bytes'
import { decodeCommand, decodeResponse } from '@kozeni/protocol/apdu'
import { type Greeting, greeting, PURSE_AID } from '@kozeni/protocol/purse'
import type { Reader } from '@kozeni/protocol/reader'
import type { Refusal } from '@kozeni/protocol/refusal'
import { type KeyMaking, type Ownership, openSession, type PinEntry } from './holder-session.ts'

export class PinReader implements Reader {
  readonly #chip: Reader
  readonly #keyMaking: KeyMaking
  readonly #owner: Ownership
  readonly #entry: PinEntry
  #refusal: Refusal | undefined

  constructor(chip: Reader, keyMaking: KeyMaking, owner: Ownership, entry: PinEntry) {
    this.#chip = chip
    this.#keyMaking = keyMaking
    this.#owner = owner
    this.#entry = entry
  }

  /** Why the chip did not take the PIN. It is not shown a second time: a wrong one would cost another try. */
  get refusal(): Refusal | undefined {
    return this.#refusal
  }

  connect(): Promise<boolean> {
    return this.#chip.connect()
  }

  async transmit(command: Bytes): Promise<Bytes | undefined> {
    const response = await this.#chip.transmit(command)
    const greeted = isPurseSelect(command) && response !== undefined ? greetingIn(response) : undefined
    if (greeted !== undefined && this.#refusal === undefined) await this.#showPin(greeted)
    return response
  }

  disconnect(): Promise<void> {
    return this.#chip.disconnect()
  }

  async #showPin(greeted: Greeting): Promise<void> {
    const session = await openSession(this.#chip, this.#keyMaking, this.#owner, greeted)
    const verified = session.ok ? await session.value.verifyPin(this.#entry) : session
    if (!verified.ok) this.#refusal = verified.refusal
  }
}

function isPurseSelect(command: Bytes): boolean {
  const read = decodeCommand(command)
  return read !== undefined && read.ins === 0xa4 && equal(read.data, PURSE_AID)
}

function greetingIn(response: Bytes): Greeting | undefined {
  const answer = decodeResponse(response)
  return answer?.statusWord === 0x9000 ? greeting.read(answer.data) : undefined
}
