/** A phone with its chip in it, put together: the telephone part, the chip's file, and the field for terminals. */
import { join } from 'node:path'
import type { Report } from '@kozeni/api/meet'
import { fetchTransport } from '@kozeni/api/transport-fetch'
import { systemClock } from '@kozeni/base/clock'
import { systemDice } from '@kozeni/base/dice'
import { ok, type Result } from '@kozeni/base/result'
import { LocalReader } from '@kozeni/chip/reader-local'
import type { Silicon } from '@kozeni/chip/silicon'
import { dialer } from '@kozeni/phone/center'
import { type RunningPhone, runPhone } from '@kozeni/phone/phone-server'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import type { Reader } from '@kozeni/protocol/reader'
import { openChip } from './chip-file.ts'
import { openField } from './field-tcp.ts'

export interface PhoneOptions {
  /** Holds the chip and what the device remembers. */
  readonly folder: string
  /** The center's origin. */
  readonly center: string
  /** Where it takes its holder's orders; 0: any that is free. */
  readonly port: number
  /** Where terminals reach the chip; 0: any that is free. */
  readonly fieldPort: number
  readonly progress?: (report: Report) => void
  /** What stands between the chip and its memory, and between the chip and whoever talks to it. */
  readonly faults?: { silicon(silicon: Silicon): Silicon; reader(reader: Reader): Reader }
}

export interface PhoneProcess extends RunningPhone {
  readonly fieldPort: number
}

/** Starts it. @returns or one plain sentence with the next step */
export async function startPhone(options: PhoneOptions): Promise<Result<PhoneProcess, string>> {
  const { folder, center, port, progress, faults } = options
  const opened = openChip(folder, faults?.silicon)
  if (!opened.ok) return opened
  const { chip, close } = opened.value
  const reach = (way: 'wire' | 'radio'): Reader => {
    const reader = new LocalReader(chip, way)
    return faults?.reader(reader) ?? reader
  }
  const means = { origin: center, transport: fetchTransport, clock: systemClock, crypto: nodeCrypto, dice: systemDice }
  const parts = {
    folder: join(folder, 'device'),
    port,
    center: dialer(means),
    reader: reach('wire'),
    radio: reach('radio'),
    crypto: nodeCrypto,
    clock: systemClock,
    dice: systemDice,
  }
  const phone = await runPhone({ ...parts, ...(progress && { progress }) })
  const field = await openField(() => phone.field(), options.fieldPort)
  const stop = async (): Promise<void> => {
    await field.close()
    await phone.stop()
    close()
  }
  return ok({ ...phone, fieldPort: field.port, stop })
}
