/**
 * Seals against somebody who may write to the database, and who changes everything that belongs together: what no
 * recomputation can notice, a head that others have kept does (INV-AUDIT). Every edit is taken back before the next.
 */
import { idNumber } from '@kozeni/base/ids'
import { postgresArchive, withPostgresArchive } from '@kozeni/center/archive-postgres'
import { type AuditReport, audit } from '@kozeni/center/audit'
import { freshDatabase } from '@kozeni/center/postgres-for-tests'
import { openPool, type Session, withSession } from '@kozeni/center/postgres-session'
import { headJson, type KeptHead, readHead } from '@kozeni/center/seal'
import { Sealer } from '@kozeni/center/sealer'
import { sealNext } from '@kozeni/center/seals-postgres'
import { memoryVault } from '@kozeni/center/vault-memory'
import { builtPurse } from '@kozeni/program/compile-node'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Scene, setScene } from './audit-scene-for-tests.ts'
import { type PostgresTown, postgresTown } from './town-postgres.ts'

const HOUR_MS = 3_600_000
const SEED = 61
/** The town's own: its keys follow from its seed. */
const vault = memoryVault(crypto, SEED)

let url: string
let town: PostgresTown
let scene: Scene
/** What somebody else kept, after the first seal and after the second. */
let kept: readonly [KeptHead, KeptHead]

beforeAll(async () => {
  url = await freshDatabase()
  town = await postgresTown(url, SEED, await builtPurse())
  scene = await setScene(town)
  const first = await seal()
  town.clock.advance(HOUR_MS)
  await town.pay(scene.anna, town.sale(scene.store, 250n))
  await town.contact(scene.anna)
  kept = [first, await seal()]
})

afterAll(() => town?.close())

/** Seals all there is. @returns the head, by way of the JSON in which it is kept */
async function seal(): Promise<KeptHead> {
  town.clock.advance(1000)
  const { clock } = town
  const sealer = new Sealer({ url, crypto, vault, clock, log: () => {}, now: () => clock.now() })
  expect(await sealer.seal()).toBeGreaterThan(0)
  expect(await sealer.seal()).toBe(0)
  await sealer.stop()
  const { head } = await auditNow()
  return readHead(JSON.parse(JSON.stringify(headJson(head ?? expect.fail('sealed'))))) ?? expect.fail('a head')
}

const auditOf = (session: Session, head?: KeptHead): Promise<AuditReport> =>
  audit({ crypto, vault, kept: head }, postgresArchive(session))

const auditNow = (head?: KeptHead): Promise<AuditReport> =>
  withPostgresArchive(url, archive => audit({ crypto, vault, kept: head }, archive))

async function withDatabase<A>(work: (session: Session) => Promise<A>): Promise<A> {
  const pool = openPool({ url, connections: 1, name: 'somebody with a password' })
  try {
    return await withSession(pool, work)
  } finally {
    await pool.end()
  }
}

/** What is found about seals after these edits, which are then taken back. */
const tampered = (
  edits: readonly string[],
  head: KeptHead | 'none' = kept[1],
  more?: (session: Session) => Promise<unknown>,
) =>
  withDatabase(async session => {
    await session.all(['begin'])
    for (const edit of edits) {
      const [answer] = await session.all([edit.replaceAll(/\$([a-z]+)/g, (_, word: string) => nameOf(word))])
      expect(answer?.count).toBeGreaterThan(0)
    }
    await more?.(session)
    const { findings } = await auditOf(session, head === 'none' ? undefined : head)
    await session.all(['rollback'])
    return findings.filter(({ invariant }) => invariant === 'INV-AUDIT')
  })

const nameOf = (word: string): string =>
  String(idNumber({ anna: scene.anna.purse, ben: scene.ben.purse, store: scene.store }[word] ?? expect.fail(word)))

const short = ({ row, difference }: { readonly row: string; readonly difference: bigint | undefined }): string =>
  difference === undefined ? row : `${row} ${difference > 0n ? '+' : ''}${difference}`

test('a sealed book is found whole, whichever head was kept', async () => {
  for (const head of [undefined, ...kept]) {
    const report = await auditNow(head)
    expect(report.findings).toEqual([])
    expect(report.head?.number).toBe(2)
  }
})

const ALL_OF_BEN = [
  'delete from entry where subject_id = $ben',
  'delete from operation where purse_id = $ben',
  'delete from load where purse_id = $ben',
  'delete from "order" where purse_id = $ben',
  'delete from number where purse_id = $ben',
  'delete from purse where purse_id = $ben',
  'delete from issuance where purse_id = $ben',
]

test('a purse that vanishes with all that was ever its is missed by its seal, to the unit', async () => {
  const gone = await withDatabase(async session => {
    const [answer] = await session.all([`select sum(amount) from entry where subject_id = ${nameOf('ben')}`])
    return BigInt(String(answer?.rows[0]?.[0]))
  })
  expect((await tampered(ALL_OF_BEN)).map(short)).toContain(`seal 1 -${gone}`)
})

test.each([
  [
    'an entry is changed',
    'update entry set amount = amount + 5 where subject_id = $anna and cause = 4 and second = 2',
    'seal 1 +5',
  ],
  ['an entry is gone', 'delete from entry where subject_id = $anna and cause = 3 and second = 1', 'seal 1 -5000'],
  [
    'an entry is put where everything was sealed',
    `insert into entry select subject_id, cause, first, 99, debit_kind, debit_owner, credit_kind, credit_owner, 900,
      currency, at_ms from entry where subject_id = $anna and cause = 4 and second = 2`,
    'seal 1 +900',
  ],
  [
    'an entry is dated forward',
    `update entry set at_ms = at_ms + ${HOUR_MS} where subject_id = $anna and cause = 4 and second = 2`,
    'seal 1 -1200',
  ],
  [
    'an entry changes its owner',
    'update entry set debit_owner = $ben where subject_id = $anna and cause = 4 and second = 2',
    'seal 1 0',
  ],
  [
    'an operation has another outcome',
    'update operation set closed_outcome = 3 where purse_id = $anna and number = 2',
    'seal 1 0',
  ],
  [
    'an operation is open again',
    'update operation set closed_at_ms = null, closed_source = null, closed_outcome = null, decision = 1 where purse_id = $anna and number = 2',
    'seal 1 -1200',
  ],
  ['a seal has other words', 'update seal set entry_sum = entry_sum + 1 where number = 1', 'seal 1'],
  ['a seal has another head', 'update seal set head = sha256(head) where number = 1', 'seal 1'],
  [
    'a seal was signed by somebody else',
    'update seal set signature = set_byte(signature, 9, get_byte(signature, 9) # 1) where number = 2',
    'seal 2',
  ],
  ['a seal reaches further back', 'update seal set from_ms = from_ms - 1 where number = 2', 'seal 2'],
  ['a seal is missing', 'delete from seal where number = 1', 'seal 2'],
  ['the newest seal is missing', 'delete from seal where number = 2', 'kept head 2'],
  ['all seals are missing', 'delete from seal', 'kept head 2'],
])('%s, and the chain names it', async (_, edit, names) => {
  expect((await tampered([edit])).map(short)).toContain(names)
})

test('who changes the past and seals it all again, with the very key, is given away by the head that others kept', async () => {
  const sealAgain = async (session: Session): Promise<void> => {
    const means = { crypto, vault, now: () => town.clock.now() }
    while (await sealNext(session, means)) continue
  }
  const edits = [...ALL_OF_BEN, 'delete from seal']
  expect(await tampered(edits, 'none', sealAgain)).toEqual([])
  for (const head of kept)
    expect((await tampered(edits, head, sealAgain)).map(short).join()).toMatch(/seal 1|kept head 2/)
})

test('a head that the center never signed says nothing against the book but that it is none', async () => {
  const forged = { ...kept[0], head: kept[1].head }
  expect((await tampered(['update seal set from_ms = from_ms'], forged)).map(short)).toEqual(['seal 1', 'kept head 1'])
})

test('nothing is sealed while a transaction is at work that may still add to it', async () => {
  await withDatabase(async session => {
    await session.all(["set application_name = 'kozeni book'", 'begin', 'select now()'])
    const { clock } = town
    await withDatabase(async other => {
      const before = Date.now()
      const made: number[] = []
      const now = (at: number): number => (made.push(at), clock.now())
      await sealNext(other, { crypto, vault, now })
      expect(made[0]).toBeLessThanOrEqual(before)
    })
    await session.all(['rollback'])
  })
})
