/** A counter of files: giving goods is making one file a number, which a disk does once. Tests and the judge count them. */
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sale } from '@kozeni/store/sale'
import type { Counter } from './shop.ts'

/** @param folder  made if absent: one file for every sale whose goods were given */
export async function fileCounter(folder: string): Promise<Counter> {
  await mkdir(folder, { recursive: true })
  return { give: sale => give(folder, sale) }
}

async function give(folder: string, { number, transaction }: Sale): Promise<void> {
  const file = await open(join(folder, number), 'wx').catch(alreadyThere)
  if (file === undefined) return
  try {
    await file.writeFile(`${transaction.amount} ${transaction.currency}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
}

function alreadyThere(failure: NodeJS.ErrnoException): undefined {
  if (failure.code !== 'EEXIST') throw failure
}
