/**
 * Where chips are prepared: each becomes a purse once, by the whole of the real installation on a quiet day, and every
 * world then takes copies of its silicon and its rows. The n-th citizen is the same in every world.
 */
import { meet } from '@kozeni/api/meet'
import { type Bytes, base64url } from '@kozeni/base/bytes'
import { StillClock } from '@kozeni/base/clock'
import { type ChipId, freshId, type PurseId } from '@kozeni/base/ids'
import type { Result } from '@kozeni/base/result'
import type { DeviceRow, Keys, Write } from '@kozeni/center/book'
import { MemoryBook } from '@kozeni/center/book-memory'
import { noFunding } from '@kozeni/center/funding'
import { memoryMarks } from '@kozeni/center/mark-memory'
import { registerChip } from '@kozeni/center/register'
import type { Vault } from '@kozeni/center/vault'
import { MemoryViews } from '@kozeni/center/views-memory'
import { Chip } from '@kozeni/chip/chip'
import { forge } from '@kozeni/chip/foundry'
import { CHIP_BYTES } from '@kozeni/chip/memory-map'
import { LocalReader } from '@kozeni/chip/reader-local'
import { MemorySilicon } from '@kozeni/chip/silicon-memory'
import type { Refusal } from '@kozeni/protocol/refusal'
import type { Issuer } from './city.ts'
import { QuickDice } from './quick-dice.ts'
import { centerOf, type Routes, routesOf } from './routes.ts'

/** When every world begins. */
export const START_MS = Date.UTC(2026, 2, 28, 9)

/** Somebody with a telephone and a chip in it. */
export interface Citizen {
  readonly chip: ChipId
  readonly purse: PurseId
  readonly device: DeviceRow
  readonly silicon: MemorySilicon
  /** What the center knows of them. */
  readonly rows: readonly Write[]
}

/** A chip that a foundry has made for this issuer. */
export function blankChip(vault: Vault, chip: ChipId): MemorySilicon {
  const silicon = new MemorySilicon(CHIP_BYTES)
  const facts = { chip, chipClass: 'software', loadKey: vault.publicKey('load-files') } as const
  forge(silicon, { ...facts, cardKeys: vault.cardKeys(chip) })
  return silicon
}

export class Nursery {
  readonly #issuer: Issuer
  readonly #vault: Vault
  readonly #book = new MemoryBook(new StillClock(START_MS))
  readonly #citizens: Citizen[] = []

  constructor(issuer: Issuer) {
    this.#issuer = issuer
    this.#vault = issuer.vaultBy(new StillClock(START_MS))
  }

  /** How many full installations there were. */
  get installed(): number {
    return this.#citizens.length
  }

  /** The first `count` citizens; those that are not there yet are made. */
  async first(count: number): Promise<readonly Citizen[]> {
    while (this.#citizens.length < count) this.#citizens.push(await this.#raise(this.#citizens.length))
    return this.#citizens.slice(0, count)
  }

  async #raise(number: number): Promise<Citizen> {
    const dice = new QuickDice(number, 'citizen')
    const { crypto } = this.#issuer
    const views = new MemoryViews(this.#book)
    const clock = new StillClock(START_MS)
    const routes = routesOf(centerOf({ ...this.#means, views, clock, funding: noFunding, marks: memoryMarks() }, dice))
    const chip = freshId<ChipId>(dice)
    const silicon = blankChip(this.#vault, chip)
    await this.#book.run(registerChip(chip, 'software'))
    const device = await registered(routes, crypto.publicKey(crypto.generate(dice)), this.#book)
    const purse = must(await routes.reserveInstallation({ caller: { kind: 'device', device }, body: { chip } })).purse
    const reader = new LocalReader(new Chip({ silicon, crypto, dice }))
    must(
      await meet(
        reader,
        body => routes.contact({ caller: { kind: 'device', device }, body }),
        { kind: 'install', chip },
        () => {},
      ),
    )
    return {
      chip,
      purse,
      device,
      silicon,
      rows: await this.#rowsOf({ chip, purse, device: device.device, account: device.account }),
    }
  }

  get #means() {
    return { ...this.#issuer, vault: this.#vault, book: this.#book }
  }

  async #rowsOf(keys: Keys): Promise<readonly Write[]> {
    const { chip, purse, device, account } = await this.#book.look(keys)
    if (!chip || !purse || !device || !account) throw new Error('an installed purse has its rows')
    return [
      { write: 'chip', row: chip },
      { write: 'purse', row: purse },
      { write: 'device', row: device },
      { write: 'account', row: account },
    ]
  }
}

/** A new telephone, in an account of its own. */
export async function registered(routes: Routes, publicKey: Bytes, book: MemoryBook): Promise<DeviceRow> {
  const caller = { kind: 'nobody', key: publicKey, doubt: undefined } as const
  const { device } = must(await routes.registerDevice({ caller, body: { publicKey: base64url(publicKey) } }))
  const row = (await book.look({ device })).device
  if (row === undefined) throw new Error('a registered device has its row')
  return row
}

function must<T>(result: Result<T, Refusal>): T {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.refusal)}`)
  return result.value
}
