/** What tills must not serve: one rising list for all center processes, in changes that come to the whole. */
import { StillClock } from '@kozeni/base/clock'
import { id, idFromNumber, type PurseId, type TerminalId } from '@kozeni/base/ids'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Write } from './book.ts'
import type { HotlistRow } from './book-hotlist.ts'
import { MemoryBook } from './book-memory.ts'
import { rowOf } from './book-rows.contract.ts'
import { changesAfter, Hotlists, nextVersion } from './hotlist.ts'
import { memoryVault } from './vault-memory.ts'
import { MemoryViews } from './views-memory.ts'

const START_MS = 1_800_000_000_000
const START = START_MS / 1000
const PURSES = [1n, 2n, 3n, 4n].map(number => idFromNumber<PurseId>(number))
const TERMINAL = id<TerminalId>('0000000000000007')

/** A book, and as many center processes as a test wants over it. */
function stand() {
  const clock = new StillClock(START_MS)
  const book = new MemoryBook(clock)
  const process = () => new Hotlists({ book, views: new MemoryViews(book), vault: memoryVault(nodeCrypto, 1), clock })
  const put = (...writes: Write[]) =>
    Promise.all(
      writes.map(write =>
        book.run<void>({
          keys: write.write === 'purse' ? { purse: write.row.purse } : { terminal: TERMINAL },
          decide: () => ({ answer: undefined, writes: [write] }),
        }),
      ),
    )
  const block = (purse: PurseId, blocked = true) =>
    put({ write: 'purse', row: rowOf('purse', { purse, blocked, stage: 'active' }) })
  return { clock, block, put, process }
}

test('versions rise through restarts and between processes, and only when the list has changed', async () => {
  const { clock, block, process } = stand()
  const [one, other] = [process(), process()]
  expect((await one.newest()).version).toBe(START)
  expect((await other.newest()).version).toBe(START)
  for (const [i, purse] of PURSES.slice(0, 3).entries()) {
    await block(purse)
    clock.advance(3000)
    const hotlists = [one, other, process()][i] ?? one
    const { version, purses } = await hotlists.newest()
    expect(purses).toEqual(PURSES.slice(0, i + 1))
    expect(version).toBe(START + 3 * (i + 1))
    expect((await process().newest()).version).toBe(version)
  }
})

test('a till gets what changed since its version, and the whole where its version is not known', async () => {
  const { clock, block, put, process } = stand()
  const [one = PURSES[0], two] = PURSES
  await block(one as PurseId)
  const first = (await process().newest()).version
  clock.advance(3000)
  await block(one as PurseId, false)
  await block(two as PurseId)
  await put({ write: 'terminal', row: rowOf('terminal', { terminal: TERMINAL, stolen: true }) })
  const center = process()
  expect(await center.newsSince(first)).toMatchObject({
    since: first,
    purses: { listed: [two], unlisted: [one] },
    terminals: { listed: [TERMINAL], unlisted: [] },
  })
  expect(await center.newsSince(0)).toMatchObject({ since: 0, purses: { listed: [two], unlisted: [one] } })
  expect(await center.newsSince(first - 1)).toMatchObject({ since: 0 })
})

test('after a restore a till that is ahead gets a list above its own, and not one from the far future', async () => {
  const { clock, process } = stand()
  const center = process()
  const { version } = await center.newest()
  clock.advance(60_000)
  const ahead = version + 30
  expect((await center.newsSince(ahead)).list.version).toBeGreaterThan(ahead)
  const newest = (await center.newest()).version
  expect((await center.newsSince(0xffff_ffff)).list.version).toBe(newest)
})

test('whatever is blocked and unblocked, the changes after any version bring its list to the newest', () => {
  const sets = fc.array(fc.subarray(PURSES), { maxLength: 8 })
  fc.assert(
    fc.property(sets, fc.nat({ max: 8 }), (lists, at) => {
      const versions: HotlistRow[] = []
      for (const purses of lists) {
        const next = nextVersion(versions, { purses, terminals: [] }, START_MS, 0)
        if (next !== undefined) versions.push(next)
      }
      const from = versions[at]
      if (from === undefined) return
      const before = changesAfter(versions.slice(0, at + 1), 0).purses.listed
      const { listed, unlisted } = changesAfter(versions, from.version).purses
      const after = new Set([...before.filter(one => !unlisted.includes(one)), ...listed])
      expect([...after].toSorted()).toEqual((lists.at(-1) ?? []).toSorted())
    }),
  )
})
