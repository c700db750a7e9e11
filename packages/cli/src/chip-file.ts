/** A software chip in a file: as its foundry forged it, or as it has become since. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { hex } from '@kozeni/base/bytes'
import { systemDice } from '@kozeni/base/dice'
import { type ChipId, freshId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Vault } from '@kozeni/center/vault'
import { Chip } from '@kozeni/chip/chip'
import { forge } from '@kozeni/chip/foundry'
import { CHIP_BYTES } from '@kozeni/chip/memory-map'
import type { Silicon } from '@kozeni/chip/silicon'
import { openSiliconFile, SiliconTaken } from '@kozeni/chip/silicon-file'
import { nobleCrypto } from '@kozeni/protocol/crypto-noble'
import { selectIssuerDomain } from '@kozeni/protocol/globalplatform'

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

/** What the card manager of a chip says to SELECT, for people: is it a chip at all? */
export function answerToSelect({ chip }: OpenChip): string {
  chip.powerOn()
  const { cla, ins, p1, p2, data } = selectIssuerDomain()
  return hex(chip.process(Uint8Array.of(cla, ins, p1, p2, data.length, ...data)))
}
