/**
 * A running phone: its holder's orders (api/order-server.ts), and its chip offered to terminals. Composed of parts that
 * are handed in; what carries the field (a socket, a radio) is the composer's.
 */
import type { Report } from '@kozeni/api/meet'
import { type OrderServer, takeOrders } from '@kozeni/api/order-server'
import type { Clock } from '@kozeni/base/clock'
import type { Dice } from '@kozeni/base/dice'
import type { Crypto } from '@kozeni/protocol/crypto'
import type { Reader } from '@kozeni/protocol/reader'
import type { Dial } from './center.ts'
import { Device } from './device.ts'
import { openDeviceFile } from './device-file.ts'
import { ExclusiveReader, type Patience } from './exclusive-reader.ts'
import { Phone } from './phone.ts'
import { obey } from './phone-order.ts'

export interface PhoneServerParts {
  /** Where the device remembers, and where control.json stands while it runs. */
  readonly folder: string
  /** 0 for any that is free. */
  readonly port: number
  readonly center: Dial
  /** The chip, by wire. From now on nobody else may use it. */
  readonly reader: Reader
  /** The same chip by radio, as terminals reach it (C-11); without it, they too come by wire. */
  readonly radio?: Reader
  readonly crypto: Crypto
  readonly clock: Clock
  readonly dice: Dice
  readonly patience?: Patience
  /** Sees what each round of a contact says. */
  readonly progress?: (report: Report) => void
}

export interface RunningPhone extends OrderServer {
  readonly phone: Phone
  /** A lane to the chip for one terminal, never in the middle of anybody else's contact. */
  field(): Reader
}

/** Starts the phone. @throws when the folder's memory is damaged, or a port is taken */
export async function runPhone(parts: PhoneServerParts): Promise<RunningPhone> {
  const { crypto, clock, dice, reader, center, progress = () => {} } = parts
  const device = await Device.open(await openDeviceFile(parts.folder), () => crypto.generate(dice))
  const chip = new ExclusiveReader(clock, parts.patience)
  const phone = new Phone({ device, dial: center, chip: () => chip.lane(reader), crypto, clock, dice, progress })
  const { folder, port } = parts
  const orders = await takeOrders({ folder, port, dice, obey: (order, input) => obey(phone, order, input) })
  return { ...orders, phone, field: () => chip.lane(parts.radio ?? reader) }
}
