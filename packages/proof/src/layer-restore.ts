/**
 * Backups and standbys: a center under load loses its database, and goes on with one that was restored to an earlier point
 * (F-12), or with a standby that was promoted. Afterwards nothing is unexplained; and after a promotion nothing is lost.
 */
import { SeededDice } from '@kozeni/base/dice'
import type { EmbeddedPostgres } from '@kozeni/center/postgres-embedded'
import type { TransactionNumber } from '@kozeni/protocol/number'
import { askAgain, client } from './bank-client.ts'
import { drain, happened, judged, lost } from './bank-end.ts'
import { BankTown } from './bank-town.ts'
import {
  archived,
  archiveTo,
  ask,
  backUp,
  destroy,
  follow,
  restoreAt,
  startCluster,
  synchronous,
  untilWritable,
} from './cluster.ts'
import type { Layer, Report, Run, Size } from './layer.ts'
import { type Prepared, prepareClusters, townIn } from './restore-town.ts'

const CHIPS: Readonly<Record<Size, number>> = { canary: 20, quick: 100, full: 1_000 }
const RESTORES: Readonly<Record<Size, number>> = { canary: 1, quick: 1, full: 5 }
const CLIENTS = 32
const POOL = 4
/** Operations for each chip before the backup, between it and the point that is restored, and after that point. */
const SHARES = [3, 2, 1] as const

export const restore: Layer = {
  name: 'restore',
  proves:
    'A center that comes back from a backup asks its chips and stores for what it has forgotten, and explains every unit; one that goes on with a promoted standby has forgotten nothing.',
  tries: 'restores and promotions',
  atLeast: { quick: 2, full: 6 },
  budgetSeconds: { canary: 90, quick: 180, full: 1_500 },
  cores: 2,
  seesPlanted: false,
  run,
}

async function run({ size, seed, say, signal }: Run): Promise<Report> {
  const prepared = await prepareClusters(CHIPS[size], seed)
  say(`${CHIPS[size]} purses are installed`)
  const report = { tried: 0, found: [] as string[], figures: {} as Record<string, string> }
  const note = (name: string, { found, figure }: Outcome): void => {
    report.tried += 1
    report.found.push(...found.map(each => `${name}: ${each}`))
    report.figures[name] = figure
    say(`${name}: ${figure}, ${found.length} found`)
    for (const each of found.slice(0, 5)) say(each)
  }
  try {
    for (let i = 1; i <= RESTORES[size] && !signal.aborted; i++) {
      note(`restore ${i}`, await restoreOnce(prepared, `restore-${i}`, seed + i, i % 2 === 1 ? 'mark' : 'operator'))
    }
    if (!signal.aborted) note('promotion', await promoteOnce(prepared, 'promotion', seed))
    return report
  } finally {
    await prepared.close()
  }
}

interface Outcome {
  readonly found: readonly string[]
  readonly figure: string
}

/** A restore of the last moments alone does not show in the mark; then an operator says so, as the runbook asks. @spec F-12 */
type ShownBy = 'mark' | 'operator'

async function restoreOnce(prepared: Prepared, name: string, seed: number, shownBy: ShownBy): Promise<Outcome> {
  const [archive, backup] = [prepared.folder(`${name}-archive`), prepared.folder(`${name}-backup`)]
  const live = await prepared.start(prepared.folder(name), folder => archiveTo(folder, archive))
  const town = await BankTown.open(prepared.scene, townIn(live), POOL, seed)
  const busy = new Busy(town, seed)
  const [before, between, after] = SHARES.map(share => share * prepared.scene.people.length)
  await busy.until(before ?? 0)
  await backUp(live, backup)
  const backedUpAt = town.operations
  await busy.until(backedUpAt + new SeededDice(seed).below(between ?? 1))
  const [point, at] = [await lsnOf(live), town.operations]
  await busy.until(backedUpAt + (between ?? 0))
  await archived(live.url, point)
  await busy.until(town.operations + (after ?? 0))
  if (shownBy === 'mark') await town.anyBranch.pulse.beat()
  await busy.die(live)
  const forgotten = town.operations - at
  await restoreAt(backup, archive, point)
  const restored = await startCluster(backup)
  await untilWritable(restored.url)
  if (shownBy === 'operator') await town.declareRestored(townIn(restored))
  await town.moveTo(townIn(restored), POOL)
  const isPaid = ({ number }: { readonly number: TransactionNumber }): boolean =>
    town.honoured.get(number)?.verdict === 'paid'
  const found = [...(await reconciled(town, restored)), ...(await lost(town, isPaid))]
  await town.close()
  await restored.stop()
  const figure = `${town.operations} operations under load, the last ${forgotten} of them forgotten`
  return { found, figure }
}

async function promoteOnce(prepared: Prepared, name: string, seed: number): Promise<Outcome> {
  const primary = await prepared.start(prepared.folder(name), async () => undefined)
  const copied = prepared.folder(`${name}-standby`)
  const town = await BankTown.open(prepared.scene, townIn(primary), POOL, seed)
  const busy = new Busy(town, seed)
  const share = prepared.scene.people.length
  await busy.until(share)
  await backUp(primary, copied)
  await follow(copied, primary.url)
  const standby = await startCluster(copied)
  await synchronous(primary.url)
  await busy.until(town.operations + 2 * share)
  await busy.die(primary)
  const acknowledged = town.operations
  await ask(standby.url, 'select pg_promote()')
  await untilWritable(standby.url)
  await town.moveTo(townIn(standby), POOL)
  const gone = await lost(town)
  const { present } = await town.anyBranch.center.book.look({})
  const found = [
    ...gone,
    ...(present.epoch === 1 ? [] : ['a promotion without loss was taken for a restore']),
    ...(await reconciled(town, standby)),
  ]
  await town.close()
  await standby.stop()
  return { found, figure: `${acknowledged} operations under load, ${gone.length} acknowledged ones lost` }
}

/** People who are busy with a town until its database dies. */
class Busy {
  readonly #town: BankTown
  readonly #clients: Promise<unknown>
  #on = true

  constructor(town: BankTown, seed: number) {
    this.#town = town
    this.#clients = Promise.all(Array.from({ length: CLIENTS }, (_, k) => client(town, seed + k, () => this.#on)))
  }

  /** Waits until the town has seen so many operations. */
  async until(operations: number): Promise<void> {
    while (this.#town.operations < operations) await this.#town.clock.wait(10)
  }

  /** The database is gone in the middle of all that; then everybody gives up. */
  async die(postgres: EmbeddedPostgres): Promise<void> {
    await destroy(postgres)
    this.#on = false
    await this.#clients
    await this.#town.settled()
  }
}

const lsnOf = async ({ url }: EmbeddedPostgres): Promise<string> =>
  String((await ask(url, 'select pg_current_wal_lsn()'))[0]?.[0])

/**
 * Stores report, tills show their receipts again, everybody meets the center and asks again for what was asked before, until
 * nothing is left to do; then everything is compared.
 */
async function reconciled(town: BankTown, postgres: EmbeddedPostgres): Promise<readonly string[]> {
  await town.reportHonoured()
  town.waitAtTills()
  const undone = await drain(town, restless => askAgain(town, restless))
  return [...undone, ...(await judged(town, townIn(postgres), await happened(town)))]
}
