/** What the same database does of simpler work, in the same run: the measure of everything else. */
import { assert } from '@kozeni/base/assert'
import { arrayOf } from '@kozeni/center/postgres-array'
import { Client } from 'pg'
import type { Measured } from './database.ts'
import { side, type Work } from './measure.ts'

const BATCH = 4000

/** The receipts' bytes and nothing else, a row each under its purse and seq, in batches by one statement. */
export async function insertOnly(database: Measured, receipts: readonly Uint8Array[]): Promise<Work> {
  await database.client.query(`
    create table if not exists only_bytes (purse_id bigint, seq bigint, whole bytea, primary key (purse_id, seq));
    truncate only_bytes`)
  const batches = Math.ceil(receipts.length / BATCH)
  return {
    ...{ work: 'insert-only: the receipts’ bytes, a row each', batch: BATCH, clients: 2, units: receipts.length },
    run: took =>
      withClients(database.url, 2, clients =>
        side(2, batches, async i => {
          const begun = performance.now()
          const client = clients[i % 2]
          assert(client !== undefined, 'two clients')
          await client.query(INSERT, columnsOf(receipts.slice(i * BATCH, (i + 1) * BATCH)))
          took(performance.now() - begun)
        }),
      ),
  }
}

const INSERT = `
  insert into only_bytes select * from unnest($1::bigint[], $2::bigint[], $3::bytea[])`

/** Purse and seq stand at 3 and at 13 of a receipt. */
function columnsOf(receipts: readonly Uint8Array[]): Buffer[] {
  const views = receipts.map(bytes => new DataView(bytes.buffer, bytes.byteOffset))
  return [
    arrayOf(
      'bigint',
      views.map(view => view.getBigInt64(3)),
    ),
    arrayOf(
      'bigint',
      views.map(view => BigInt(view.getUint32(13))),
    ),
    arrayOf('bytea', receipts),
  ]
}

/** One row and its commit, by one client: what this disk takes to keep anything at all. A pay has two of them. */
export async function commits(database: Measured, count: number): Promise<Work> {
  await database.client.query('create table if not exists only_commits (at bigint)')
  return {
    ...{ work: 'one row committed, nobody beside it', batch: 1, clients: 1, units: count },
    run: took =>
      withClients(database.url, 1, ([client]) =>
        side(1, count, async i => {
          const begun = performance.now()
          await client?.query('insert into only_commits values ($1)', [i])
          took(performance.now() - begun)
        }),
      ),
  }
}

/** As pgbench does it: an account, a teller and a branch updated, a line of history, in a transaction of its own. */
export async function tpcB(database: Measured, clients: number, transactions: number): Promise<Work> {
  await database.client.query(TPC_B)
  return {
    ...{ work: 'TPC-B-like, as pgbench does', batch: 1, clients, units: transactions },
    run: took =>
      withClients(database.url, clients, connected =>
        side(clients, transactions, async i => {
          const client = connected.pop()
          assert(client !== undefined, 'a client of its own')
          const begun = performance.now()
          const [account, teller] = [1 + ((i * 7919) % 100_000), 1 + (i % 100)]
          for (const text of tpcBOf(account, teller)) await client.query(text)
          took(performance.now() - begun)
          connected.push(client)
        }),
      ),
  }
}

const tpcBOf = (account: number, teller: number): string[] => [
  'begin',
  `update bench_account set balance = balance + 1 where id = ${account}`,
  `select balance from bench_account where id = ${account}`,
  `update bench_teller set balance = balance + 1 where id = ${teller}`,
  `update bench_branch set balance = balance + 1 where id = ${Math.ceil(teller / 10)}`,
  `insert into bench_history values (${teller}, ${Math.ceil(teller / 10)}, ${account}, 1, now())`,
  'commit',
]

const TPC_B = `
  create table if not exists bench_branch (id int primary key, balance bigint) with (fillfactor = 50);
  create table if not exists bench_teller (id int primary key, balance bigint) with (fillfactor = 50);
  create table if not exists bench_account (id int primary key, balance bigint);
  create table if not exists bench_history (teller int, branch int, account int, delta bigint, at timestamptz);
  insert into bench_branch select i, 0 from generate_series(1, 10) as i on conflict do nothing;
  insert into bench_teller select i, 0 from generate_series(1, 100) as i on conflict do nothing;
  insert into bench_account select i, 0 from generate_series(1, 100000) as i on conflict do nothing`

async function withClients(url: string, count: number, work: (clients: Client[]) => Promise<void>): Promise<void> {
  const clients = Array.from({ length: count }, () => new Client({ connectionString: url }))
  await Promise.all(clients.map(client => client.connect()))
  try {
    await work([...clients])
  } finally {
    await Promise.all(clients.map(client => client.end()))
  }
}
