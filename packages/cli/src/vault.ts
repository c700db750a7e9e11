/** The issuer's keys in the data folder. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '@kozeni/base/clock'
import { systemDice } from '@kozeni/base/dice'
import { holdsPurses } from '@kozeni/center/migrate'
import type { Vault } from '@kozeni/center/vault'
import { changeVault, explainVault, openVault, type VaultOptions } from '@kozeni/center/vault-file'
import type { Masters } from '@kozeni/center/vault-master'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import type { DataFolder } from './data-folder.ts'
import { giveUp } from './say.ts'

const optionsIn = (folder: DataFolder): VaultOptions => ({
  file: pathIn(folder),
  passphrase: process.env['KOZENI_VAULT_PASSPHRASE'],
  crypto: nodeCrypto,
  dice: systemDice,
  clock: systemClock,
})

const pathIn = (folder: DataFolder): string => join(folder.of('center'), 'vault')

/** Opens the vault, or makes it at the first start; or ends, with the next step. */
export async function vaultIn(folder: DataFolder): Promise<Vault> {
  const vault = await openVault(optionsIn(folder))
  return vault.ok ? vault.value : giveUp(explainVault(vault.refusal))
}

/**
 * As vaultIn; but beside a database that has purses no new keys are made: every chip would be lost to them.
 *
 * @param url  of the database
 */
export async function vaultFor(folder: DataFolder, url: string): Promise<Vault> {
  if (!existsSync(pathIn(folder)) && (await holdsPurses(url)))
    giveUp(
      `The database has purses, and there is no vault in ${folder.path} to serve them. Restore the vault from its backup.`,
    )
  return vaultIn(folder)
}

/** Opens a vault that must be there: new keys would make whatever is checked with them look forged. */
export async function existingVault(folder: DataFolder): Promise<Vault> {
  if (!existsSync(pathIn(folder)))
    giveUp(`There is no vault in ${folder.path}. Name the center's data folder with --data FOLDER.`)
  return vaultIn(folder)
}

/** Changes the keys in a vault that must be there; or ends, with the next step. */
export async function changeVaultIn(folder: DataFolder, change: (before: Masters) => Masters): Promise<Masters> {
  await existingVault(folder)
  const changed = await changeVault(optionsIn(folder), change)
  return changed.ok ? changed.value : giveUp(explainVault(changed.refusal))
}
