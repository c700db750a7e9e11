import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KeeperForTests } from './keeper-for-tests.ts'
import { siliconContract } from './silicon.contract.ts'
import { ERASED, PowerLost } from './silicon.ts'
import { BLOCK_BYTES, ImageSilicon } from './silicon-image.ts'

const SIZE = 3000
const fresh = (keeper = new KeeperForTests()): ImageSilicon => new ImageSilicon(SIZE, new Map(), keeper)
const reopened = ({ kept }: KeeperForTests): ImageSilicon => new ImageSilicon(SIZE, kept, new KeeperForTests())

siliconContract('image', sizeBytes => new ImageSilicon(sizeBytes, new Map(), new KeeperForTests()))

test('what was flushed is there when the memory is opened again, and what was not is not', async () => {
  const keeper = new KeeperForTests()
  const silicon = fresh(keeper)
  silicon.write(BLOCK_BYTES - 1, Uint8Array.of(1, 2))
  silicon.write(SIZE - 1, Uint8Array.of(3))
  expect(keeper.kept.size).toBe(0)
  await silicon.flush()
  silicon.write(0, Uint8Array.of(4))
  expect([...keeper.kept.keys()]).toEqual([0, 1, 2])
  const again = reopened(keeper)
  expect(again.read(BLOCK_BYTES - 1, 2)).toEqual(Uint8Array.of(1, 2))
  expect([again.read(SIZE - 1, 1)[0], again.read(0, 1)[0]]).toEqual([3, ERASED])
})

test('nothing is saved when nothing was written', async () => {
  const keeper = new KeeperForTests()
  const silicon = fresh(keeper)
  await silicon.flush()
  silicon.read(0, 10)
  await silicon.flush()
  expect(keeper.saves).toBe(0)
})

test('a flush that fails leaves what it had to the next one, so a later write is never kept without an earlier', async () => {
  const keeper = new KeeperForTests()
  const silicon = fresh(keeper)
  keeper.failAt(1, 'nothing-saved')
  silicon.write(0, Uint8Array.of(1))
  const first = silicon.flush()
  silicon.write(2000, Uint8Array.of(2)) // while the first is under way
  const second = silicon.flush()
  await expect(first).rejects.toThrow('gone')
  await second
  expect(reopened(keeper).read(0, SIZE)).toEqual(silicon.read(0, SIZE))
})

test('whatever fails, what is kept is the memory as it was at some flush, and no older than the last that succeeded', async () => {
  const step = fc.record({
    writes: fc.array(fc.tuple(fc.nat({ max: SIZE - 50 }), fc.uint8Array({ maxLength: 50 })), { maxLength: 4 }),
    death: fc.constantFrom(undefined, 'nothing-saved' as const, 'all-saved' as const),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async steps => {
      const keeper = new KeeperForTests()
      const silicon = fresh(keeper)
      let possible = [silicon.read(0, SIZE)]
      for (const { writes, death } of steps) {
        for (const [at, bytes] of writes) silicon.write(at, bytes)
        if (death !== undefined) keeper.failAt(1, death)
        const kept = await silicon.flush().then(
          () => true,
          () => false,
        )
        possible = kept ? [silicon.read(0, SIZE)] : [...possible, silicon.read(0, SIZE)]
        expect(possible).toContainEqual(reopened(keeper).read(0, SIZE))
      }
    }),
    { numRuns: 60 },
  )
})

test('closing flushes, lets the memory go, and leaves no power', async () => {
  const keeper = new KeeperForTests()
  const silicon = fresh(keeper)
  silicon.write(7, Uint8Array.of(7))
  await silicon.close()
  await silicon.close()
  expect(keeper.closed).toBe(true)
  expect(reopened(keeper).read(7, 1)[0]).toBe(7)
  expect(() => silicon.powerOn()).toThrow(PowerLost)
  expect(() => silicon.read(0, 1)).toThrow(PowerLost)
  expect(() => silicon.write(0, Uint8Array.of(1))).toThrow(PowerLost)
})

test('a memory that cannot be saved any more is let go all the same', async () => {
  const keeper = new KeeperForTests()
  const silicon = fresh(keeper)
  keeper.failAt(1, 'nothing-saved')
  silicon.write(7, Uint8Array.of(7))
  await expect(silicon.close()).rejects.toThrow('gone')
  expect(keeper.closed).toBe(true)
})
