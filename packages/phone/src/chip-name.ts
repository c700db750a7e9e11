/** The name that the foundry gave the chip, as its card manager tells it to everybody. */

import type { ChipId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { type CommandApdu, decodeResponse, encodeCommand } from '@kozeni/protocol/apdu'
import { chipIdOf, GP_TAG, getData, selectIssuerDomain } from '@kozeni/protocol/globalplatform'
import type { Reader } from '@kozeni/protocol/reader'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'

/**
 * A contact of its own, in which nothing on the chip changes.
 *
 * @refuses chip-absent · chip-gone · chip-unknown (it has no name that we can read)
 * @spec    GlobalPlatform Card Specification 2.3.1 §11.3
 */
export async function readChipName(chip: Reader): Promise<Result<ChipId, Refusal>> {
  if (!(await chip.connect())) return no(refusal('chip-absent'))
  try {
    return await nameOf(chip)
  } finally {
    await chip.disconnect()
  }
}

async function nameOf(chip: Reader): Promise<Result<ChipId, Refusal>> {
  const selected = await ask(chip, selectIssuerDomain())
  if (selected === undefined) return no(refusal('chip-gone'))
  const answer = await ask(chip, getData(GP_TAG.cardNumber))
  if (answer === undefined) return no(refusal('chip-gone'))
  const name = answer.statusWord === 0x9000 ? chipIdOf(answer.data) : undefined
  return name === undefined ? no(refusal('chip-unknown')) : ok(name)
}

async function ask(chip: Reader, command: CommandApdu) {
  const response = await chip.transmit(encodeCommand(command))
  return response && decodeResponse(response)
}
