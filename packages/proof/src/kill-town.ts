/**
 * The town that is killed piece by piece: the day's processes on a real PostgreSQL, with gates between center and database
 * and between till and chip. Whatever dies is started again on what it left.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from '@kozeni/base/assert'
import type { StoreId } from '@kozeni/base/ids'
import { type EmbeddedPostgres, startPostgres } from '@kozeni/center/postgres-embedded'
import { explain } from '@kozeni/center/postgres-embedded-refusal'
import type { Vault } from '@kozeni/center/vault'
import type { Child } from '@kozeni/cli/child'
import { type DataFolder, openDataFolder } from '@kozeni/cli/data-folder'
import { vaultIn } from '@kozeni/cli/vault'
import type { Ordered } from '@kozeni/day/process'
import { type Phone, Town } from '@kozeni/day/town'
import { fieldListener, type Tapped } from './field-wire.ts'
import { freePorts } from './free-ports.ts'
import { Gate } from './gate.ts'
import { postgresListener, type Spoken } from './postgres-wire.ts'

const PHONES = 4
const SESSION_SECONDS = 2
/** The center's, the shop's behind it. */
const PORTS = 4
const SHOP = 'The bakery'

type Part = 'folder' | 'vault' | 'databaseGate' | 'fieldGate' | 'town' | 'phones' | 'store' | 'field' | Mortal
/** What is another one after it was killed. */
type Mortal = 'postgres' | 'shop' | 'till'

export class KillTown {
  readonly folder: DataFolder
  readonly vault: Vault
  readonly databaseGate: Gate<Spoken>
  readonly fieldGate: Gate<Tapped>
  readonly town: Town
  readonly phones: readonly Phone[]
  readonly store: StoreId
  /** Where the till finds the first phone's chip. */
  readonly field: number
  postgres: EmbeddedPostgres
  shop: Child
  till: Ordered

  private constructor(parts: Pick<KillTown, Part>) {
    this.folder = parts.folder
    this.vault = parts.vault
    this.databaseGate = parts.databaseGate
    this.fieldGate = parts.fieldGate
    this.town = parts.town
    this.phones = parts.phones
    this.store = parts.store
    this.field = parts.field
    this.postgres = parts.postgres
    this.shop = parts.shop
    this.till = parts.till
  }

  /** Everything runs, every chip is a purse, and everybody has something to spend. */
  static async open(say: (line: string) => void): Promise<KillTown> {
    const opened = openDataFolder(await mkdtemp(join(tmpdir(), 'kozeni-kill-')))
    assert(opened.ok, 'a new folder can be used')
    const folder = opened.value
    const postgres = await started(folder)
    const databaseGate = new Gate(portOf(postgres.url), postgresListener)
    const url = withPort(postgres.url, await databaseGate.open())
    const vault = await vaultIn(folder)
    const town = await Town.open({
      ...{ folder, vault, port: await freePorts(PORTS), sessionSeconds: SESSION_SECONDS, centers: 1 },
      database: { url, stop: async () => undefined },
    })
    const phones: Phone[] = []
    for (let i = 0; i < PHONES; i++) phones.push(await purseIn(town, `phone-${i}`))
    say(`${PHONES} phones have their purses`)
    const { store, shop } = await town.openShop(SHOP)
    const fieldGate = new Gate(phones[0]?.field ?? 0, fieldListener)
    const field = await fieldGate.open()
    const till = await town.openTill(store, field)
    return new KillTown({ folder, vault, databaseGate, fieldGate, town, phones, store, field, postgres, shop, till })
  }

  /** As a power cut would; the part stays dead until revive(). */
  async kill(victim: Victim): Promise<void> {
    switch (victim) {
      case 'postmaster':
        return void process.kill(this.postgres.pid, 'SIGKILL')
      case 'center':
        return await this.town.killCenter()
      case 'store server':
        return await this.shop.kill()
      case 'terminal':
        return await this.till.child.kill()
    }
  }

  /** Starts whatever is dead, on what it left. */
  async revive(victim: Victim): Promise<void> {
    switch (victim) {
      case 'postmaster':
        this.postgres = await started(this.folder)
        return
      case 'center':
        return await this.town.openCenter()
      case 'store server':
        this.shop = (await this.town.openShop(SHOP)).shop
        return
      case 'terminal':
        this.till = await this.town.openTill(this.store, this.field)
        return
    }
  }

  async close(): Promise<void> {
    await this.town.close()
    await Promise.all([this.databaseGate.close(), this.fieldGate.close()])
    await this.postgres.stop()
    await rm(this.postgres.folder, { recursive: true, force: true })
    await rm(this.folder.path, { recursive: true, force: true })
  }
}

export type Victim = 'postmaster' | 'center' | 'store server' | 'terminal'

async function started(folder: DataFolder): Promise<EmbeddedPostgres> {
  const postgres = await startPostgres({ folder: folder.of('postgres') })
  assert(postgres.ok, postgres.ok ? '' : explain(postgres.refusal))
  return postgres.value
}

async function purseIn(town: Town, name: string): Promise<Phone> {
  const phone = await town.openPhone(name)
  for (const order of ['POST /register', 'POST /install']) {
    const said = await phone.insist(order)
    assert(said.ok, `${name} ${order}`)
  }
  return phone
}

const portOf = (url: string): number => Number(new URL(url).port)

function withPort(url: string, port: number): string {
  const other = new URL(url)
  other.port = String(port)
  return other.href
}
