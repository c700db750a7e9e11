/** A day may have been interrupted: what it left is finished first, by the same means as anything else. */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { settle } from '@kozeni/api/routes-operator'
import type { StoreId } from '@kozeni/base/ids'
import type { DataFolder } from '@kozeni/cli/data-folder'
import type { Day } from './day.ts'
import type { Ordered } from './process.ts'

/** The phones of the day before meet the center once; the till brings what it has; the store's window is closed. */
export async function finishYesterday(day: Day, folder: DataFolder, till: Ordered, store: StoreId): Promise<void> {
  for (const name of [`phone-${day.number - 1}`, `other-${day.number - 1}`]) {
    if (existsSync(join(folder.path, name, 'device'))) await recoverOnce(day, name)
  }
  await emptyTill(till)
  await day.town.operator()(settle, { body: { store }, idempotencyKey: randomUUID() })
}

async function recoverOnce({ town }: Day, name: string): Promise<void> {
  const phone = await town.switchOn(name, undefined)
  await phone.insist('POST /recover')
  await phone.child.stop()
}

/** Goods of a sale that was torn yesterday were not given. */
async function emptyTill(till: Ordered): Promise<void> {
  const status = await till.ask('GET /status')
  const unresolved = status.ok ? (status.value['unresolved'] as ReadonlyArray<{ readonly sale: number }>) : []
  for (const { sale } of unresolved) await till.ask('POST /not-given', { sale })
  await till.insist('POST /upload')
}
