/** A software chip in a file: as its foundry forged it, or as it has become since. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { hex, NO_BYTES } from '@kozeni/base/bytes'
import { systemDice } from '@kozeni/base/dice'
import { type ChipId, freshId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Vault } from '@kozeni/center/vault'
import { Chip } from '@kozeni/chip/chip'
import { forge } from '@kozeni/chip/foundry'
import { CHIP_BYTES } from '@kozeni/chip/memory-map'
import { type Silicon, SiliconTaken } from '@kozeni/chip/silicon'
import { openSiliconFile } from '@kozeni/chip/silicon-file'
import { type CommandApdu, decodeResponse, encodeCommand } from '@kozeni/protocol/apdu'
import { nobleCrypto } from '@kozeni/protocol/crypto-noble'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import {
  chipIdOf,
  GP_TAG,
  getData,
  getStatus,
  LISTED,
  readStatus,
  selectIssuerDomain,
} from '@kozeni/protocol/globalplatform'
import { HOST_CHALLENGE_BYTES, initializeUpdate, openHost, SECURITY_LEVEL, unwrap, wrap } from '@kozeni/protocol/scp03'

export interface OpenChip {
  readonly chip: Chip
  /** Where the chip's bytes are. */
  readonly silicon: Silicon
  close(): void
}

/** Where a phone's folder keeps its chip. */
export const chipPath = (folder: string): string => join(folder, 'chip.bin')

/**
 * The chip in this folder.
 *
 * @param between  what stands between the chip and its file: nothing, or a fault of the sandbox
 * @returns or one plain sentence with the next step
 */
export function openChip(folder: string, between: (silicon: Silicon) => Silicon = as => as): Result<OpenChip, string> {
  const path = chipPath(folder)
  if (!existsSync(path)) return no(`There is no chip in ${folder}. Make one: kozeni chip forge`)
  try {
    const file = openSiliconFile(path, CHIP_BYTES)
    const silicon = between(file)
    return ok({
      chip: new Chip({ silicon, crypto: nobleCrypto, dice: systemDice }),
      silicon,
      close: () => file.close(),
    })
  } catch (error) {
    if (error instanceof SiliconTaken) return no(error.message)
    throw error
  }
}

/**
 * Forges a blank chip into a folder that has none: a card manager, its keys, the issuer's load key; no program.
 *
 * @returns its name, or why not
 */
export function forgeChip(folder: string, vault: Vault): Result<ChipId, string> {
  const path = chipPath(folder)
  if (existsSync(path)) return no(`There is a chip in ${folder} already. Use another name with --as.`)
  const chip = freshId<ChipId>(systemDice)
  const silicon = openSiliconFile(path, CHIP_BYTES)
  forge(silicon, {
    chip,
    chipClass: 'software',
    cardKeys: vault.cardKeys(chip),
    loadKey: vault.publicKey('load-files'),
  })
  silicon.close()
  return ok(chip)
}

/**
 * What is installed on a chip, as its card manager lists it to whoever has its keys: the programs' names.
 *
 * @returns or one plain sentence, when it is no chip with those keys
 */
export function listPrograms(chip: Chip, vault: Vault): Result<readonly string[], string> {
  chip.powerOn()
  const send = (command: CommandApdu) => decodeResponse(chip.process(encodeCommand(command)))
  send(selectIssuerDomain())
  const cardNumber = send(getData(GP_TAG.cardNumber))
  const name = cardNumber && chipIdOf(cardNumber.data)
  if (name === undefined) return no('This chip does not say its name: it is damaged, or not one of ours.')
  const challenge = systemDice.bytes(HOST_CHALLENGE_BYTES)
  const initialized = send(initializeUpdate(challenge))?.data ?? NO_BYTES
  const channel = openHost(nodeCrypto, vault.cardKeys(name), challenge, initialized, SECURITY_LEVEL.bothSecret)
  if (channel === undefined) return no('This chip has other keys than this issuer’s: another vault made it.')
  send(channel.command)
  const asked = wrap(nodeCrypto, channel.session, getStatus(LISTED.programs))
  const answer = send(asked.command)
  const listed = answer && unwrap(nodeCrypto, asked.session, answer)
  return ok((listed && readStatus(listed.data))?.map(({ aid }) => hex(aid)) ?? [])
}
