/** A reader for a chip in the same process: the chip's transport details (61xx) end here, as the port asks. */
import { type Bytes, concat } from '@kozeni/base/bytes'
import type { Reader } from '@kozeni/protocol/reader'
import type { Chip } from './chip.ts'
import { PowerLost } from './silicon.ts'

const GET_RESPONSE = Uint8Array.of(0x00, 0xc0, 0x00, 0x00, 0x00)
const MORE_BYTES = 0x61

export class LocalReader implements Reader {
  readonly #chip: Chip

  constructor(chip: Chip) {
    this.#chip = chip
  }

  async connect(): Promise<boolean> {
    return unlessPowerLost(() => this.#chip.powerOn()) !== undefined
  }

  async transmit(command: Bytes): Promise<Bytes | undefined> {
    return unlessPowerLost(() => this.#exchange(command))
  }

  async disconnect(): Promise<void> {
    this.#chip.powerOff()
  }

  #exchange(command: Bytes): Bytes {
    let answer = this.#chip.process(command)
    while (answer.at(-2) === MORE_BYTES) answer = concat(answer.slice(0, -2), this.#chip.process(GET_RESPONSE))
    return answer
  }
}

function unlessPowerLost<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof PowerLost) return undefined
    throw error
  }
}
