/**
 * What a telephone remembers: its own key, its names, its purses, and what it has asked for without hearing the end.
 * No value and no secret of a chip is here; whoever loses a device loses nothing that the center cannot give back.
 *
 * A change counts once it is durable: a request goes out only after its idempotency key would survive a crash.
 */
import type { Bytes } from '@kozeni/base/bytes'
import type { Currency } from '@kozeni/base/currency'
import type { AccountId, ChipId, DeviceId, LoadId, PurseId } from '@kozeni/base/ids'
import type { Money } from '@kozeni/base/money'
import {
  amountText,
  currencyText,
  hexText,
  idText,
  list,
  nullable,
  object,
  plain,
  type Reader,
  string,
  whole,
} from '@kozeni/protocol/json'

/** The names that the center gave. */
export interface Registered {
  readonly device: DeviceId
  readonly account: AccountId
  /** Lets another device join the account; null when it was told to another device. */
  readonly secret: string | null
}

/** One purse of this device, by the chip that carries it. */
export interface OwnPurse {
  readonly chip: ChipId
  readonly purse: PurseId
  /** Null until the purse is active. */
  readonly active: {
    readonly currency: Currency
    readonly chipKey: Bytes
    /** When the certificate ends that the chip is known to have, in seconds; 0: not known, so it is to be renewed. */
    readonly expires: number
  } | null
}

/** A load that was asked for and whose end is not known. */
export interface PendingLoad {
  /** The request's idempotency key: the same key is the same request, however often it is sent. */
  readonly key: string
  readonly purse: PurseId
  readonly amount: Money
  readonly currency: Currency
  readonly method: string
  readonly inParts: boolean
  /** The center's name for it, once it has answered. */
  readonly load: LoadId | null
}

/** A sale whose verdict is not known; the link says all of it. */
export interface PendingPayment {
  readonly purse: PurseId
  readonly link: string
}

export interface DeviceState {
  /** The private key, 32 bytes. */
  readonly key: Bytes
  readonly registered: Registered | null
  readonly purses: readonly OwnPurse[]
  readonly loads: readonly PendingLoad[]
  readonly payments: readonly PendingPayment[]
}

/** The port to where a device remembers. One device at a time has it open. */
export interface DeviceMemory {
  /**
   * What was last saved.
   *
   * @returns undefined when nothing ever was
   * @throws  when something was and cannot be read: a new identity is never made over an old one
   */
  read(): Promise<DeviceState | undefined>
  /** Resolves when it is durable: the old state stands, or the new one, whenever the power fails. */
  write(state: DeviceState): Promise<void>
}

/** A device that knows nobody yet. */
export const newDevice = (key: Bytes): DeviceState => ({ key, registered: null, purses: [], loads: [], payments: [] })

/** The state as text; bytes are hexadecimal, amounts plain digits. */
export const deviceText = (state: DeviceState): string => JSON.stringify(state, plain, 2)

/** What `text` says, or undefined when it is not whole. */
export function deviceFromText(text: string): DeviceState | undefined {
  try {
    return deviceState(JSON.parse(text))
  } catch {
    return undefined
  }
}

const registered: Reader<Registered> = object<Registered>({
  device: idText<DeviceId>,
  account: idText<AccountId>,
  secret: nullable(string),
})

/** Devices were written without it before certificates were renewed. */
const expires: Reader<number> = value => (value === undefined ? 0 : whole(value))

const ownPurse: Reader<OwnPurse> = object<OwnPurse>({
  chip: idText<ChipId>,
  purse: idText<PurseId>,
  active: nullable(object({ currency: currencyText, chipKey: hexText(65), expires })),
})

/** Devices were written without it before loads could come in parts. */
const inParts: Reader<boolean> = value => (value === undefined ? false : typeof value === 'boolean' ? value : undefined)

const pendingLoad: Reader<PendingLoad> = object<PendingLoad>({
  key: string,
  purse: idText<PurseId>,
  amount: amountText,
  currency: currencyText,
  method: string,
  inParts,
  load: nullable(idText<LoadId>),
})

const pendingPayment: Reader<PendingPayment> = object<PendingPayment>({ purse: idText<PurseId>, link: string })

const deviceState: Reader<DeviceState> = object<DeviceState>({
  key: hexText(32),
  registered: nullable(registered),
  purses: list(ownPurse),
  loads: list(pendingLoad),
  payments: list(pendingPayment),
})

/** A device at work: one change after the other, each durable before it is seen. */
export class Device {
  readonly #memory: DeviceMemory
  #state: DeviceState
  #last: Promise<void> = Promise.resolve()

  private constructor(memory: DeviceMemory, state: DeviceState) {
    this.#memory = memory
    this.#state = state
  }

  /** The device that the memory holds; a new one, with a key of its own, when it holds none. */
  static async open(memory: DeviceMemory, makeKey: () => Bytes): Promise<Device> {
    const known = await memory.read()
    if (known !== undefined) return new Device(memory, known)
    const fresh = newDevice(makeKey())
    await memory.write(fresh)
    return new Device(memory, fresh)
  }

  get state(): DeviceState {
    return this.#state
  }

  /** Resolves when the change is durable. One that cannot be written has not happened, and later ones are still tried. */
  change(to: (before: DeviceState) => DeviceState): Promise<void> {
    const next = this.#last.then(() => this.#write(to))
    this.#last = next.catch(() => undefined)
    return next
  }

  async #write(to: (before: DeviceState) => DeviceState): Promise<void> {
    const state = to(this.#state)
    if (state === this.#state) return
    await this.#memory.write(state)
    this.#state = state
  }
}
