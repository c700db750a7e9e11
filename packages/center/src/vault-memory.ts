/** A vault from one seed, for tests and simulations: the same seed, the same keys. Guards nothing. */
import { SeededDice } from '@kozeni/base/dice'
import type { Crypto } from '@kozeni/protocol/crypto'
import type { Vault } from './vault.ts'
import { freshMasterKeys, MasterVault } from './vault-master.ts'

/**
 * @param seed     any whole number
 * @param signing  another deterministic way to sign than the portable one
 */
export function memoryVault(crypto: Crypto, seed: number, signing?: Pick<Crypto, 'sign'>): Vault {
  const dice = new SeededDice(seed)
  return new MasterVault(freshMasterKeys(crypto, dice), { crypto, dice, ...(signing && { signing }) })
}
