/** The query plans that matter, as PostgreSQL tells them for what is in the tables now. */
import type { Client } from 'pg'

/** By what is asked for, the plan's lines. */
export async function plansOf(client: Client): Promise<Readonly<Record<string, readonly string[]>>> {
  const plans: Record<string, readonly string[]> = {}
  await client.query('set enable_seqscan = off') // as the book's connections have it
  for (const [what, text] of Object.entries(QUESTIONS)) {
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain ${text}`)
    plans[what] = rows.map(row => row['QUERY PLAN'])
  }
  return plans
}

const QUESTIONS = {
  'a purse, locked': 'select * from purse where purse_id = any(array[1, 2, 3]::bigint[]) order by purse_id for update',
  'what it was given': 'select * from issuance where purse_id = any(array[1, 2, 3]::bigint[])',
  'a receipt of a batch': `select substring(records from 1 for 221) from receipt_batch where batch_id = 1 and part = 0`,
  'a sale of a terminal':
    'select records from receipt_batch where terminal_id = 1 and first_sale <= 7 and last_sale >= 7 order by batch_id',
  'a store’s receipts': 'select records from receipt_batch where store_id = 1 order by batch_id desc limit 10',
}
