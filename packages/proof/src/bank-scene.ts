/**
 * What a round of the bank test begins with: a database with purses, stores and tills in it, made once, and copied for
 * every round together with the memories of the chips.
 */
import { SeededDice } from '@kozeni/base/dice'
import { freshId, type PurseId, type StoreId, type TerminalId } from '@kozeni/base/ids'
import { createDatabase } from '@kozeni/center/postgres-embedded'
import { registerTerminal } from '@kozeni/center/register'
import { Chip } from '@kozeni/chip/chip'
import { LocalReader } from '@kozeni/chip/reader-local'
import type { MemorySilicon } from '@kozeni/chip/silicon-memory'
import { builtPurse } from '@kozeni/program/compile-node'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { postgresTown } from '@kozeni/world/town-postgres'

const STORES = 4
const TEMPLATE = 'bank'

/** A holder's purse, and its chip as it came from the installation. */
export interface Prepared {
  readonly purse: PurseId
  readonly silicon: MemorySilicon
}

/** A till that the center knows. */
export interface Counter {
  readonly terminal: TerminalId
  readonly store: StoreId
  readonly key: Uint8Array
}

export interface Scene {
  readonly seed: number
  readonly module: Uint8Array<ArrayBuffer>
  /** When everybody had arrived, by the book's clock. */
  readonly at: number
  readonly people: readonly Prepared[]
  readonly stores: readonly StoreId[]
  readonly tills: readonly Counter[]
  /** A database in which all of them are known. */
  database(name: string): Promise<string>
}

/** @param server  the url of a PostgreSQL where databases may be made; @param purses  how many are installed */
export async function prepareScene(server: string, purses: number, seed: number): Promise<Scene> {
  const module = await builtPurse()
  const town = await postgresTown(await createDatabase(server, TEMPLATE), seed, module)
  const dice = new SeededDice(seed + 1)
  const people: Prepared[] = []
  for (let i = 0; i < purses; i++) people.push(await town.settleIn())
  const stores: StoreId[] = []
  for (let i = 0; i < STORES; i++) stores.push(await town.openStore())
  const tills: Counter[] = []
  for (const store of stores) {
    const till = { terminal: freshId<TerminalId>(dice), store, key: crypto.generate(dice) }
    await town.book.run(registerTerminal(till.terminal, store, crypto.publicKey(till.key)))
    tills.push(till)
  }
  const at = town.clock.now()
  await town.close()
  return { seed, module, at, people, stores, tills, database: name => createDatabase(server, name, TEMPLATE) }
}

/** The readers of one chip: its own phone's, and whatever it is held to. */
export function readersOf(silicon: MemorySilicon, seed: number): { wire: LocalReader; radio: LocalReader } {
  const chip = new Chip({ silicon, crypto, dice: new SeededDice(seed) })
  return { wire: new LocalReader(chip), radio: new LocalReader(chip, 'radio') }
}
