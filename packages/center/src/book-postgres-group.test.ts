import { setImmediate as soon } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Groups, type Job } from './book-postgres-group.ts'

const job = (): Job => ({ needs: () => [], alone: false })

test('what several requests ask for in one turn of the event loop goes together', async () => {
  const counter = held()
  const groups = new Groups({ ...TWO_LANES, work: counter.work })
  for (let request = 0; request < 3; request++) setImmediate(() => groups.add(job()))
  await turn()
  expect(counter.sizes).toEqual([3])
})

test('while people wait, what nobody waits for goes in smaller groups and one after the other', async () => {
  const people = held()
  const night = held()
  const counter = new Groups({ size: () => 100, lanes: () => 1, work: people.work })
  const collection = new Groups({
    size: () => (counter.isBusy ? 2 : 100),
    lanes: () => (counter.isBusy ? 1 : 2),
    work: night.work,
  })
  counter.add(job())
  await turn()
  collection.add(...Array.from({ length: 6 }, job))
  await turn()
  expect(night.sizes).toEqual([2])
  people.letGo()
  await turn()
  expect(counter.isBusy).toBe(false)
  night.letGo()
  await turn()
  expect(night.sizes).toEqual([2, 4])
})

test('a few go when the group that is under way is through, and many beside it', async () => {
  const counter = held()
  const groups = new Groups({
    ...TWO_LANES,
    few: { most: 2, pause: () => new Promise(() => undefined) },
    work: counter.work,
  })
  groups.add(job())
  await turn()
  groups.add(job(), job())
  await turn()
  expect(counter.sizes).toEqual([1])
  counter.letGo()
  await turn()
  expect(counter.sizes).toEqual([1, 2])
  groups.add(job(), job(), job())
  await turn()
  expect(counter.sizes).toEqual([1, 2, 3])
})

test('behind a group that takes long a few are held back for one pause, and then go beside it', async () => {
  const counter = held()
  const { promise, resolve } = Promise.withResolvers<void>()
  const groups = new Groups({ ...TWO_LANES, few: { most: 2, pause: () => promise }, work: counter.work })
  groups.add(job())
  await turn()
  groups.add(job())
  await turn()
  expect(counter.sizes).toEqual([1])
  resolve()
  await turn()
  expect(counter.sizes).toEqual([1, 1])
})

/** What was asked for has begun, and what it made possible too. */
async function turn(): Promise<void> {
  await soon()
  await soon()
}

const TWO_LANES = { size: () => 100, lanes: () => 2 }

/** Work that goes on until it is let go. */
function held() {
  const sizes: number[] = []
  let letGo: () => void = () => undefined
  const work = (group: readonly Job[]): Promise<void> => {
    sizes.push(group.length)
    return new Promise(resolve => {
      letGo = resolve
    })
  }
  return { sizes, work, letGo: () => letGo() }
}
