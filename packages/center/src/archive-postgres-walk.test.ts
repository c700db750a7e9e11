import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readUpTo, SortedWalk } from './archive-postgres-walk.ts'
import { OID } from './postgres-array.ts'
import type { Session } from './postgres-session.ts'

interface Row {
  readonly owner: bigint
  readonly text: string | null
}

/** A row as PostgreSQL's record_send spells it. */
function sent({ owner, text }: Row): Uint8Array {
  const bytes = text === null ? undefined : Buffer.from(text)
  const row = Buffer.alloc(28 + (bytes?.length ?? 0))
  row.writeInt32BE(2, 0)
  row.writeInt32BE(OID.bigint, 4)
  row.writeInt32BE(8, 8)
  row.writeBigInt64BE(owner, 12)
  row.writeInt32BE(OID.text, 20)
  row.writeInt32BE(bytes?.length ?? -1, 24)
  bytes?.copy(row, 28)
  return row
}

/** Whose cursors give some rows at a time. */
function sessionOf(tables: ReadonlyMap<string, readonly Row[]>, some: number): Pick<Session, 'all'> {
  const given = new Map<string, number>()
  return {
    all: async statements =>
      statements.map(fetch => {
        const from = given.get(String(fetch)) ?? 0
        given.set(String(fetch), from + some)
        const rows = (tables.get(String(fetch)) ?? []).slice(from, from + some).map(row => [sent(row)])
        return { rows, count: rows.length }
      }),
  }
}

function walkOf(name: string, pass: (row: Row) => void): SortedWalk<Row> {
  const read = (cells: readonly unknown[]): Row => ({ owner: BigInt(String(cells[0])), text: textIn(cells[1]) })
  return new SortedWalk({
    name,
    select: '',
    read: fetched => fetched.map(read),
    owner: cells => read(cells).owner,
    pass,
  })
}

const textIn = (cell: unknown): string | null => (cell === null ? null : String(cell))

const owners = fc.uniqueArray(fc.bigInt({ min: 1n, max: 30n }), { maxLength: 12 })
const rows = fc
  .array(fc.record({ owner: fc.bigInt({ min: 1n, max: 30n }), text: fc.option(fc.string()) }), { maxLength: 40 })
  .map(some => some.toSorted((a, b) => Number(a.owner - b.owner)))

test('each owner gets just its rows of every table, however few come at once, and all others are nobody’s', async () => {
  await fc.assert(
    fc.asyncProperty(owners, rows, rows, fc.integer({ min: 1, max: 7 }), async (some, left, right, atOnce) => {
      const passed: Row[] = []
      const walks = [walkOf('left', row => passed.push(row)), walkOf('right', row => passed.push(row))]
      const tables = [left, right]
      const session = sessionOf(new Map(walks.map(({ fetch }, i) => [fetch, tables[i] ?? []])), atOnce)
      for (const owner of some.toSorted((a, b) => Number(a - b))) {
        await readUpTo(session, walks, owner)
        const found = walks.map(walk => walk.of(owner))
        expect(found).toEqual(tables.map(table => table.filter(row => row.owner === owner)))
      }
      await readUpTo(session, walks)
      for (const walk of walks) walk.end()
      const nobodys = tables.flat().filter(row => !some.includes(row.owner))
      expect(passed).toHaveLength(nobodys.length)
      expect(new Set(passed)).toEqual(new Set(nobodys))
    }),
  )
})
