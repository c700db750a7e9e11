import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Disk, type Lock, lockFile, nodeDisk } from './lock-file.ts'

const freshPath = (): string => join(fs.mkdtempSync(join(tmpdir(), 'kozeni-lock-')), 'book.jsonl')

/** A book whose last owner died with turn 5. */
function leftByTheDead(): string {
  const path = freshPath()
  fs.mkdirSync(`${path}.lock`)
  fs.writeFileSync(join(`${path}.lock`, '5'), `${process.pid} another-boot 1`)
  return path
}

/** Everybody's steps on one disk, each at once, in an order of the scheduler's. */
function scheduled(s: fc.Scheduler): Disk {
  const step =
    <I extends readonly unknown[], O>(name: string, work: (...args: I) => O) =>
    async (...args: I): Promise<O> => {
      await s.schedule(Promise.resolve(), name)
      return work(...args)
    }
  return {
    link: step('link', fs.linkSync),
    list: step('list', path => fs.readdirSync(path)),
    read: step('read', path => fs.readFileSync(path, 'utf8')),
    remove: step('remove', path => fs.rmSync(path, { force: true })),
    empty: step('empty', path => fs.truncateSync(path)),
  }
}

test('in whatever order their steps come, one of those who want a dead owner’s lock gets it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async s => {
      const path = leftByTheDead()
      const asked = Promise.allSettled(Array.from({ length: 4 }, () => lockFile(path, scheduled(s))))
      const locks = await s.waitFor(asked)
      expect(locks.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    }),
    { numRuns: 60 },
  )
})

test('and where each gives it back and asks again, never two have it at once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), async s => {
      const path = leftByTheDead()
      const disk = scheduled(s)
      let owners = 0
      const held = async (lock: Lock) => {
        expect(++owners).toBe(1)
        await s.schedule(Promise.resolve())
        owners--
        await lock.release()
      }
      const life = async () => {
        for (let i = 0; i < 3; i++) {
          const lock = await lockFile(path, disk).catch(() => undefined)
          if (lock !== undefined) await held(lock)
        }
      }
      await s.waitFor(Promise.all(Array.from({ length: 4 }, life)))
      expect(owners).toBe(0)
    }),
    { numRuns: 60 },
  )
})

test('who slept after it had found a dead owner, while others came and went, does not wake as a second owner', async () => {
  const path = leftByTheDead()
  let isAwake = false
  const sleeper: Disk = {
    ...nodeDisk,
    link: async (from, to) => {
      if (!isAwake) {
        isAwake = true
        for (let i = 0; i < 3; i++) await (await lockFile(path)).release()
        await lockFile(path)
      }
      await nodeDisk.link(from, to)
    },
  }
  await expect(lockFile(path, sleeper)).rejects.toThrow('one process at a time')
  expect(fs.readdirSync(`${path}.lock`).toSorted()).toEqual(['8', '9'])
})

test('however often a book is opened, no more than two small files tell of it', async () => {
  const path = freshPath()
  for (let i = 0; i < 20; i++) await (await lockFile(path)).release()
  expect(fs.existsSync(path)).toBe(false)
  expect(fs.readdirSync(`${path}.lock`).toSorted()).toEqual(['19', '20'])
})
