import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Groups, type Job } from './book-postgres-group.ts'

const job = (): Job => ({ needs: () => [], alone: false })

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
