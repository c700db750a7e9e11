/**
 * The day's town: every part as an operating-system process of its own, on this machine's loopback, with a network
 * between phones and center that can lose things. Everything ends with the day, however the day ends.
 */

import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Call } from '@kozeni/api/call'
import { registerChips, registerStore, registerTerminal } from '@kozeni/api/routes-operator'
import { fetchTransport } from '@kozeni/api/transport-fetch'
import { base64url, unhex } from '@kozeni/base/bytes'
import { currency } from '@kozeni/base/currency'
import type { ChipId, StoreId } from '@kozeni/base/ids'
import type { Vault } from '@kozeni/center/vault'
import type { Child } from '@kozeni/cli/child'
import { forgeChip } from '@kozeni/cli/chip-file'
import type { DataFolder } from '@kozeni/cli/data-folder'
import type { Database } from '@kozeni/cli/database'
import { operatorCall } from '@kozeni/cli/operator'
import { Wire } from '@kozeni/sandbox/wire'
import { publicKey } from '@kozeni/store/store-node'
import { controlIn, Ordered, start, tell } from './process.ts'

const WEBHOOK_SECRET = 'whsec_c2FuZGJveA=='
const JPY = currency('JPY')
/** The shop's port stands in the center's register, so it is the same every day. */
const SHOP_PORT_AFTER = 3

/** Where the processes' programs are. */
const program = (specifier: string): string => fileURLToPath(import.meta.resolve(specifier))

/** A phone with a chip, and how to break it. */
export interface Phone extends Ordered {
  /** Undefined for one that was bought on another day. */
  readonly chip: ChipId | undefined
  readonly field: number
  /** Power goes after so many more bytes of the chip's memory were written. */
  cutAfter(bytes: number): Promise<void>
  /** The chip is taken away after it has done this instruction, before anybody heard. */
  tear(ins: number): Promise<void>
  comeBack(): Promise<void>
}

export interface TownOptions {
  readonly folder: DataFolder
  readonly vault: Vault
  /** The town's own: it is closed with the town. */
  readonly database: Database
  readonly port: number
  readonly sessionSeconds: number
  /** How many center processes serve on one database. */
  readonly centers: number
}

export class Town {
  readonly wire: Wire
  /** What phones, terminal and store believe the center's address to be. */
  readonly origin: string
  readonly provider: Child
  readonly #options: TownOptions
  readonly #children = new Map<string, Child>()
  #centers: Child[] = []
  #opening = Promise.resolve()

  private constructor(options: TownOptions, parts: Pick<Town, 'wire' | 'origin' | 'provider'>) {
    this.#options = options
    this.wire = parts.wire
    this.origin = parts.origin
    this.provider = parts.provider
    this.#children.set('provider', parts.provider)
  }

  get database(): Database {
    return this.#options.database
  }

  /** Provider and center are up when this resolves. */
  static async open(options: TownOptions): Promise<Town> {
    const { folder, port } = options
    const provider = await start('the card provider', program('@kozeni/sandbox/provider-main'), [
      ...['--port', '0', '--data', `${folder.of('provider')}/journal`, '--webhook-secret', WEBHOOK_SECRET],
      ...['--webhook', `http://127.0.0.1:${port}/v1/webhooks/card`, '--with-parent'],
    ])
    const wire = new Wire([`http://127.0.0.1:${port}`])
    const origin = `http://127.0.0.1:${await wire.listen()}`
    const town = new Town(options, { wire, origin, provider })
    await town.openCenter()
    return town
  }

  /** Starts the center's processes on the one database, and leads the network to them. */
  openCenter(): Promise<void> {
    this.#opening = this.#opening.then(() => this.#fill())
    return this.#opening
  }

  /** As many processes as there should be; the one that listens where the world looks for it comes first. */
  async #fill(): Promise<void> {
    const { port, centers } = this.#options
    while (this.#centers.length < centers) {
      const taken = this.#centers.some(child => child.port === port)
      const child = await this.#startCenter(taken ? 0 : port)
      this.#centers.push(child)
      void child.ended.then(() => this.#replace(child))
    }
    this.wire.moveTo(this.#centers.map(child => `http://127.0.0.1:${child.port}`))
  }

  /** A center process that ends by itself is started again, as any service is. */
  #replace(dead: Child): void {
    if (!this.#centers.includes(dead)) return
    this.#centers = this.#centers.filter(child => child !== dead)
    void this.openCenter()
  }

  #startCenter(port: number): Promise<Child> {
    const { folder, sessionSeconds } = this.#options
    const args = [
      ...['--data', folder.path, 'center', '--port', String(port), '--database-url', this.database.url, '--no-log'],
      ...[
        '--provider',
        `http://127.0.0.1:${this.provider.port}`,
        '--session-seconds',
        String(sessionSeconds),
        '--with-parent',
      ],
    ]
    return start('the center', program('@kozeni/cli/main'), args, { STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET })
  }

  /** The center closes for the time being. */
  async closeCenter(): Promise<void> {
    await Promise.all(this.#centers.splice(0).map(child => child.stop()))
  }

  /** As a power cut would: every center process at once. */
  async killCenter(): Promise<void> {
    await Promise.all(this.#centers.splice(0).map(child => child.kill()))
  }

  get centerPids(): readonly number[] {
    return this.#centers.map(child => child.pid)
  }

  operator(): Call {
    return operatorCall(this.origin, this.#options.folder, fetchTransport)
  }

  /** A new chip from the foundry, reported to the center, and a phone around it. */
  async openPhone(name: string, onForged?: (folder: string) => void): Promise<Phone> {
    const folder = this.#options.folder.of(name)
    const chip = forgeChip(folder, this.#options.vault)
    if (!chip.ok) throw new Error(chip.refusal)
    onForged?.(folder)
    const told = await this.operator()(registerChips, {
      body: { chips: [{ chip: chip.value, chipClass: 'software' }] },
    })
    if (!told.ok) throw new Error(`the foundry was refused: ${told.refusal.code}`)
    return this.switchOn(name, chip.value)
  }

  /** A phone that has its chip. */
  async switchOn(name: string, chip: ChipId | undefined): Promise<Phone> {
    const folder = this.#options.folder.of(name)
    const child = await start(name, program('@kozeni/day/phone-main'), ['--folder', folder, '--center', this.origin])
    this.#children.set(name, child)
    const order = new Ordered(child, await controlIn(`${folder}/device`))
    const [field, faults] = [Number(child.facts['field']), Number(child.facts['faults'])]
    return Object.assign(order, {
      chip,
      field,
      cutAfter: async (afterBytes: number) => void (await tell(faults, 'POST /', { afterBytes })),
      tear: async (ins: number) => void (await tell(faults, 'POST /', { ins })),
      comeBack: async () => void (await tell(faults, 'POST /', {})),
    })
  }

  /** A store joins, and its server opens. */
  async openShop(name: string): Promise<{ readonly store: StoreId; readonly shop: Child }> {
    const folder = this.#options.folder.of('shop')
    const keyFile = `${folder}/key`
    const known = existsSync(keyFile)
    const key = await publicKey(keyFile)
    const port = this.#options.port + SHOP_PORT_AFTER
    const webhookUrl = `http://127.0.0.1:${port}/webhooks`
    const body = { name, publicKey: key, currency: JPY, feeBasisPoints: 150, webhookUrl }
    const joined = await this.operator()(registerStore, { body, idempotencyKey: key.slice(-40) })
    if (!joined.ok) throw new Error(`the store ${known ? 'again ' : ''}was refused: ${joined.refusal.code}`)
    const { store, webhookSecret } = joined.value
    const args = [
      '--port',
      String(port),
      '--with-parent',
      '--data',
      folder,
      '--store',
      store,
      '--webhook-secret',
      webhookSecret,
    ]
    const shop = await start('the shop', program('@kozeni/sandbox/shop-main'), [
      ...args,
      '--center',
      this.origin,
      '--key',
      keyFile,
    ])
    this.#children.set('shop', shop)
    return { store, shop }
  }

  /** The store's till, which finds chips in this phone's field. */
  async openTill(store: StoreId, field: number): Promise<Ordered> {
    const folder = this.#options.folder.of('terminal')
    const args = [
      ...['--data', this.#options.folder.path, 'terminal', '--center', this.origin, '--field', `127.0.0.1:${field}`],
      ...['serve', '--with-parent'],
    ]
    const child = await start('the till', program('@kozeni/cli/main'), args)
    this.#children.set('terminal', child)
    const till = new Ordered(child, await controlIn(folder))
    const status = await till.ask('GET /status')
    if (status.ok && status.value['terminal'] === undefined)
      await this.#certify(till, store, String(status.value['publicKey']))
    return till
  }

  async #certify(till: Ordered, store: StoreId, publicKeyHex: string): Promise<void> {
    const point = base64url(unhex(publicKeyHex))
    const joined = await this.operator()(registerTerminal, {
      body: { store, publicKey: point },
      idempotencyKey: randomUUID(),
    })
    if (!joined.ok) throw new Error(`the till was refused: ${joined.refusal.code}`)
    await till.insist('POST /certify', { terminal: joined.value.terminal })
  }

  /** Everything but the center and its database. */
  async closePeople(): Promise<void> {
    for (const [name, child] of this.#children) {
      this.#children.delete(name)
      await child.stop()
    }
    await this.wire.close()
  }

  /** Everything. */
  async close(): Promise<void> {
    await this.closePeople()
    await this.closeCenter()
    await this.database.stop()
  }
}
