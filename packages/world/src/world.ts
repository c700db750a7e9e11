/**
 * One world from one seed: people, tills, shops, centers and a provider live under faults; then the faults stop, and
 * everything has to come to rest in bounded time; then late messages arrive all the same; then the judge speaks.
 */
import { currency } from '@kozeni/base/currency'
import { type ChipId, freshId, type PurseId, type StoreId, type TerminalId } from '@kozeni/base/ids'
import type { Keys, StoreRow, TerminalRow, Write } from '@kozeni/center/book'
import { MemoryBook } from '@kozeni/center/book-memory'
import { memoryMarks } from '@kozeni/center/mark-memory'
import { registerChip } from '@kozeni/center/register'
import { MemoryViews } from '@kozeni/center/views-memory'
import { CenterProcess } from './center-process.ts'
import { type City, diceOf, type Issuer } from './city.ts'
import { NO_FAULTS } from './faults.ts'
import { type Counts, History, type Success } from './history.ts'
import { Holder } from './holder.ts'
import { judge, type Parties } from './judge.ts'
import { MoverProcess } from './mover-process.ts'
import { FaultyNetwork } from './network.ts'
import { blankChip, type Citizen, type Nursery, registered, START_MS } from './nursery.ts'
import { Operator } from './operator.ts'
import { drawPlan, type Plan } from './plan.ts'
import { Provider } from './provider.ts'
import type { QuickDice } from './quick-dice.ts'
import { Recoveries } from './recovery.ts'
import { type CenterParts, centerOf, routesOf } from './routes.ts'
import { Shop } from './shop.ts'
import { Thief } from './thief.ts'
import { Till } from './till.ts'
import { Timeline } from './timeline.ts'
import { type Complaint, Watch } from './watch.ts'

/** What one world came to. */
export interface Verdict {
  readonly seed: number
  readonly hash: string
  readonly complaints: readonly Complaint[]
  readonly chips: number
  /** Installations in this world, beside the prepared ones. */
  readonly installed: number
  /** Closed operations and booked receipts, by kind and end. */
  readonly operations: Counts
  readonly tries: Readonly<Record<string, Success>>
  readonly faults: Counts
  readonly recoveries: Counts
  /** From the end of the faults until rest, in virtual milliseconds. */
  readonly healingMs: number
  /** Lines about whoever is complained of, when asked for. */
  readonly story: readonly string[]
}

/** Rest is reached within this, or INV-LIVE is broken. */
const HEALING_MS = 2 * 24 * 3_600_000
/** Many, for a purse that has missed many versions of its keys gets one in each; a round in which nothing moves is the last. */
const HEALING_ROUNDS = 16
/** The newest that an issuer begins with. */
const FIRST_KEY_VERSION = 2

/** Lives through the world of this seed. @param story  whether its lines are kept */
export async function live(issuer: Issuer, nursery: Nursery, seed: number, story = false): Promise<Verdict> {
  const world = await World.found(issuer, nursery, seed, story)
  await world.live()
  const healingMs = await world.heal()
  await world.drain()
  await world.heal()
  return world.verdict(healingMs)
}

class World {
  readonly #city: City
  readonly #plan: Plan
  readonly #parties: Parties
  readonly #mover: MoverProcess

  readonly #operator: Operator
  readonly #thief: Thief

  private constructor(city: City, plan: Plan, parties: Parties, mover: MoverProcess) {
    this.#city = city
    this.#plan = plan
    this.#parties = parties
    this.#mover = mover
    this.#operator = new Operator(city, parties)
    this.#thief = new Thief(city, parties)
  }

  static async found(issuer: Issuer, nursery: Nursery, seed: number, story: boolean): Promise<World> {
    const dice = diceOf({ seed }, 'plan')
    const plan = drawPlan(seed, dice)
    const { city, parts, provider } = foundCity(issuer, seed, plan, story)
    const shops = await openShops(city, plan.shops, dice)
    const tills = await openTills(city, plan.tills, shops, dice)
    const places = { shops, tills }
    const settled = await moveIn(city, await nursery.first(plan.citizens))
    const blank = await arrive(city, parts, plan.blank)
    const holders = [
      ...settled.map(citizen => new Holder(city, citizen, places, true)),
      ...blank.map(citizen => new Holder(city, citizen, places, false)),
    ]
    const byAddress = new Map(shops.map(shop => [shop.row.webhookUrl ?? '', shop]))
    return new World(city, plan, { holders, tills, shops, provider }, new MoverProcess(city, parts, byAddress))
  }

  /** Everybody lives as they do, and everything goes wrong that can. */
  async live(): Promise<void> {
    const { timeline } = this.#city
    const { habits, rounds, pauseMs, moverEveryMs } = this.#plan
    const untilMs = timeline.now + rounds * pauseMs
    const { holders, tills, shops } = this.#parties
    for (const holder of holders) timeline.begin(() => holder.live(habits, rounds, pauseMs))
    for (const till of tills) timeline.begin(() => till.live(untilMs))
    for (const shop of shops) timeline.begin(() => shop.live(untilMs))
    timeline.begin(() => this.#mover.live(untilMs, moverEveryMs))
    timeline.begin(() => this.#operator.live(untilMs))
    timeline.begin(() => this.#thief.live(untilMs))
    await timeline.run(untilMs)
  }

  /** Faults stop; everybody does what they would do anyway. @returns how long it took, in virtual milliseconds */
  async heal(): Promise<number> {
    const { timeline } = this.#city
    const from = timeline.now
    this.#city.faults = NO_FAULTS
    for (const till of this.#parties.tills) till.mend()
    await this.#operator.unblock()
    await this.#operator.findTills()
    for (let round = 0, moved = true; moved && round < HEALING_ROUNDS; round++) {
      const before = this.#city.watch.moves
      await this.#healOnce()
      moved = this.#city.watch.moves > before
    }
    return timeline.now - from
  }

  async #healOnce(): Promise<void> {
    const { timeline } = this.#city
    const { holders, tills, shops } = this.#parties
    const all = [
      ...holders.map(holder => this.#recover(holder)),
      ...tills.map(async till => {
        await till.takeUp()
        await till.upload()
      }),
      ...shops.map(shop => shop.ask()),
    ]
    const done = Promise.all(all).then(() => this.#mover.move())
    timeline.begin(() => done)
    await timeline.run(timeline.now + 3_600_000)
  }

  /** Where keys were rotated, telephones have their certificates renewed meanwhile, and fetch the keys with them. */
  async #recover(holder: Holder): Promise<void> {
    await holder.recover()
    if (this.#city.vault.keyVersion > FIRST_KEY_VERSION) await holder.renew()
  }

  /** What was sent long ago arrives; and lost purses have had their time. */
  async drain(): Promise<void> {
    const { timeline, policy } = this.#city
    await timeline.run()
    await timeline.run(timeline.now + policy.maxOfflineMs + policy.lostMarginMs)
    await this.#operator.revoke()
  }

  async verdict(healingMs: number): Promise<Verdict> {
    const { seed, history } = this.#city
    const judged = await judge(this.#city, this.#parties)
    const complaints = [...judged, ...this.#thief.complaints, ...tooLong(healingMs)]
    return {
      seed,
      hash: history.hash,
      complaints,
      chips: this.#parties.holders.length,
      installed: this.#plan.blank,
      operations: operationsIn(this.#city.book),
      tries: history.tries,
      faults: history.faults,
      recoveries: history.recoveries,
      healingMs,
      story: history.linesAbout(complaints.map(({ subject }) => subject)),
    }
  }
}

const tooLong = (healingMs: number): readonly Complaint[] =>
  healingMs <= HEALING_MS ? [] : [{ subject: 'world', invariant: 'INV-LIVE', says: `healing took ${healingMs} ms` }]

function foundCity(issuer: Issuer, seed: number, plan: Plan, story: boolean) {
  const timeline = new Timeline(START_MS)
  const book = new MemoryBook(timeline.clock())
  const suspects = new Set<PurseId>()
  const history = new History(issuer.crypto, story)
  const eyes = { suspects, watch: new Watch(suspects), history, recoveries: new Recoveries(history) }
  const vault = issuer.vaultBy(timeline.clock())
  const doubtedTills = new Set<TerminalId>()
  const facts = { ...issuer, ...eyes, vault, doubtedTills, seed, timeline, book, faults: plan.faults }
  // city, provider and centers know each other: the network is put in when the centers are there
  const city: City = { ...facts, network: undefined as never }
  const provider = new Provider(city)
  const parts: CenterParts = {
    ...issuer,
    vault,
    book,
    views: new MemoryViews(book),
    clock: timeline.clock(),
    funding: provider,
    marks: memoryMarks(),
  }
  const centers = Array.from({ length: plan.centers }, (_, i) => new CenterProcess(city, parts, `center ${i}`))
  Object.assign(city, { network: new FaultyNetwork(city, centers) })
  return { city, parts, provider }
}

async function openShops(city: City, count: number, dice: QuickDice): Promise<readonly Shop[]> {
  const shops: Shop[] = []
  for (let i = 0; i < count; i++) {
    const store = freshId<StoreId>(dice)
    const row: StoreRow = {
      ...{ store, name: `Shop ${i}`, currency: currency('JPY'), generation: 1, feeBasisPoints: dice.below(300) },
      publicKey: city.crypto.publicKey(city.crypto.generate(dice)),
      webhookUrl: `http://${store}.example/`,
      webhookSecret: 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0',
      reportedEpoch: 1,
    }
    await write(city, { store }, [{ write: 'store', row }])
    shops.push(new Shop(city, row))
  }
  return shops
}

async function openTills(city: City, count: number, shops: readonly Shop[], dice: QuickDice): Promise<readonly Till[]> {
  const tills: Till[] = []
  for (let i = 0; i < count; i++) {
    const terminal = freshId<TerminalId>(dice)
    const key = city.crypto.generate(dice)
    const store = dice.pick(shops).id
    const row: TerminalRow = {
      terminal,
      store,
      publicKey: city.crypto.publicKey(key),
      stolen: false,
      lostAt: undefined,
      lastUpload: undefined,
      journal: undefined,
    }
    await write(city, { terminal }, [{ write: 'terminal', row }])
    tills.push(new Till(city, row, key))
  }
  return tills
}

/** Those who have purses already bring their chips. */
async function moveIn(city: City, citizens: readonly Citizen[]): Promise<readonly Citizen[]> {
  for (const { chip, purse, device, rows } of citizens)
    await write(city, { chip, purse, device: device.device, account: device.account }, rows)
  return citizens.map(citizen => ({ ...citizen, silicon: citizen.silicon.copy() }))
}

/** Those who come with blank chips, and have a purse reserved. */
async function arrive(city: City, parts: CenterParts, count: number): Promise<readonly Citizen[]> {
  const arrived: Citizen[] = []
  const dice = diceOf(city, 'arrivals')
  const routes = routesOf(centerOf(parts, dice))
  for (let i = 0; i < count; i++) {
    const chip = freshId<ChipId>(dice)
    await city.book.run(registerChip(chip, 'software'))
    const device = await registered(routes, city.crypto.publicKey(city.crypto.generate(dice)), city.book)
    const reserved = await routes.reserveInstallation({ caller: { kind: 'device', device }, body: { chip } })
    if (!reserved.ok) throw new Error(`no purse for a blank chip: ${reserved.refusal.code}`)
    arrived.push({ chip, purse: reserved.value.purse, device, silicon: blankChip(city.vault, chip), rows: [] })
  }
  return arrived
}

const write = (city: City, keys: Keys, writes: readonly Write[]): Promise<undefined> =>
  city.book.run({ keys, decide: () => ({ answer: undefined, writes }) })

/** Closed operations and booked receipts. */
function operationsIn({ tables }: MemoryBook): Counts {
  const counts: Record<string, number> = {}
  const count = (name: string): void => void (counts[name] = (counts[name] ?? 0) + 1)
  for (const { kind, closed } of tables.operation.values()) if (closed !== undefined) count(`${kind} ${closed.outcome}`)
  for (const { kind } of tables.receipt.values()) count(kind)
  return counts
}
