/** A reader for a chip in the same process: the chip's transport details (61xx) end here, as the port asks. */
import { type Bytes, concat } from '@kozeni/base/bytes'
import type { Reader } from '@kozeni/protocol/reader'
import type { Chip, Way } from './chip.ts'
import { PowerLost } from './silicon.ts'

const GET_RESPONSE = Uint8Array.of(0x00, 0xc0, 0x00, 0x00, 0x00)
const MORE_BYTES = 0x61

export class LocalReader implements Reader {
  readonly #chip: Chip
  readonly #way: Way
  /** The power-up that began this reader's contact. */
  #contact = 0

  /** @param way  `wire` for the device that carries the chip, `radio` for everybody else's readers */
  constructor(chip: Chip, way: Way = 'wire') {
    this.#chip = chip
    this.#way = way
  }

  async connect(): Promise<boolean> {
    const found = unlessPowerLost(() => this.#chip.powerOn(this.#way)) !== undefined
    this.#contact = found ? this.#chip.powerUps : 0
    return found
  }

  async transmit(command: Bytes): Promise<Bytes | undefined> {
    return this.#contact === this.#chip.powerUps ? unlessPowerLost(() => this.#exchange(command)) : undefined
  }

  async disconnect(): Promise<void> {
    if (this.#contact === this.#chip.powerUps) this.#chip.powerOff()
    this.#contact = 0
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
