/**
 * For tests: the real purse program, installed and personalised through the real card manager, on real silicon. What its
 * people say to it is written down as bytes: a chip's dice always fall the same here, so the same bytes, said again to
 * another copy of the silicon, mean the same.
 */
import { type Bytes, NO_BYTES } from '@kozeni/base/bytes'
import { builtPurse } from '@kozeni/program/compile-node'
import { type PurseChip, PurseForTests } from '@kozeni/program/purse-for-tests'
import { decodeResponse, encodeCommand, type ResponseApdu } from '@kozeni/protocol/apdu'
import { installForPersonalization, storeData } from '@kozeni/protocol/globalplatform'
import { PURSE_AID, purseCommand, selectCommand } from '@kozeni/protocol/purse'
import type { Chip } from './chip.ts'
import { blank, chipOf, Host, install, released } from './install-for-tests-node.ts'
import type { MemorySilicon } from './silicon-memory.ts'

/** The chip's end of PurseForTests. Every SELECT is a new contact: power, then the program's name. */
export class SiliconChip implements PurseChip<SiliconChip> {
  readonly silicon: MemorySilicon
  /** What has been said to it, contact by contact, since it was forked. */
  readonly said: Bytes[] = []
  #chip: Chip | undefined

  constructor(silicon: MemorySilicon) {
    this.silicon = silicon
  }

  fork(): SiliconChip {
    return new SiliconChip(this.silicon.copy())
  }

  select(): ResponseApdu {
    this.#chip?.powerOff()
    this.#chip = chipOf(this.silicon)
    this.#chip.powerOn('radio')
    return this.#say(encodeCommand(selectCommand(PURSE_AID)))
  }

  send(ins: number, data: Bytes): ResponseApdu {
    if (this.#chip === undefined) this.select()
    return this.#say(encodeCommand(purseCommand(ins, data)))
  }

  personalise(group: Bytes): ResponseApdu {
    const host = new Host(chipOf(this.silicon))
    host.open()
    host.send(installForPersonalization(PURSE_AID))
    this.#chip = undefined
    return host.send(storeData(group, 0, true))
  }

  #say(apdu: Bytes): ResponseApdu {
    this.said.push(apdu)
    const answer = decodeResponse(this.#chip?.process(apdu) ?? NO_BYTES)
    if (answer === undefined) throw new Error('no answer')
    return answer
  }
}

/** A purse on its chip. */
export type SiliconPurse = PurseForTests<SiliconChip>

/** A fresh purse: installed, personalised, with limits that stand in nobody's way. */
export async function purseOnSilicon(): Promise<SiliconPurse> {
  const silicon = blank()
  const installed = install(new Host(chipOf(silicon)), released(await builtPurse()), PURSE_AID, [])
  if (installed !== 0x9000) throw new Error(`${installed.toString(16)} to the installation`)
  return new PurseForTests(new SiliconChip(silicon)).personalise()
}

/** Says the same bytes to another chip, each SELECT as a new contact, and takes power away. @returns the last answer */
export function sayAgain(chip: Chip, said: readonly Bytes[]): Bytes {
  let answer: Bytes = NO_BYTES
  for (const apdu of said) {
    if (apdu[1] === 0xa4) chip.powerOn('radio')
    answer = chip.process(apdu)
  }
  chip.powerOff()
  return answer
}
