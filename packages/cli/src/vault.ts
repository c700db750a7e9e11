/** The issuer's keys in the data folder. */
import { join } from 'node:path'
import { systemDice } from '@kozeni/base/dice'
import type { Vault } from '@kozeni/center/vault'
import { explainVault, openVault } from '@kozeni/center/vault-file'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import type { DataFolder } from './data-folder.ts'
import { giveUp } from './say.ts'

/** Opens the vault, or makes it at the first start; or ends, with the next step. */
export async function vaultIn(folder: DataFolder): Promise<Vault> {
  const vault = await openVault({
    file: join(folder.of('center'), 'vault'),
    passphrase: process.env['KOZENI_VAULT_PASSPHRASE'],
    crypto: nodeCrypto,
    dice: systemDice,
  })
  return vault.ok ? vault.value : giveUp(explainVault(vault.refusal))
}
