import { type Bytes, hex } from '@kozeni/base/bytes'
import { systemClock } from '@kozeni/base/clock'
import type { Reader } from '@kozeni/protocol/reader'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ExclusiveReader } from './exclusive-reader.ts'

/** Writes down what happens to the chip, in order. */
function scribe(there = true): Reader & { readonly log: string[] } {
  const log: string[] = []
  return {
    log,
    connect: async () => log.push('connect') > 0 && there,
    transmit: async command => {
      log.push(`> ${hex(command)}`)
      await Promise.resolve()
      log.push(`< ${hex(command)}`)
      return command
    },
    disconnect: async () => void log.push('disconnect'),
  }
}

const quick = { waitMs: 200, idleMs: 40 }
const pause = (ms: number) => systemClock.wait(ms)

test('two contacts at once never mix: one follows the other, with the power off in between', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: 5 }), { minLength: 2, maxLength: 6 }), async lengths => {
      const chip = scribe()
      const shared = new ExclusiveReader(systemClock)
      await Promise.all(
        lengths.map(async (length, name) => {
          const lane = shared.lane(chip)
          expect(await lane.connect()).toBe(true)
          for (let i = 0; i < length; i++) expect(await lane.transmit(Uint8Array.of(name))).toEqual(Uint8Array.of(name))
          await lane.disconnect()
        }),
      )
      const one = (length: number, name: number) =>
        [
          'connect',
          ...Array(length)
            .fill([`> 0${name}`, `< 0${name}`])
            .flat(),
          'disconnect',
        ] as string[]
      expect(chip.log).toEqual(lengths.flatMap(one))
    }),
  )
})

test('whoever waits too long is told that there is no chip, and does not come in later', async () => {
  const chip = scribe()
  const shared = new ExclusiveReader(systemClock, { waitMs: 30, idleMs: 10_000 })
  const [first, second] = [shared.lane(chip), shared.lane(chip)]
  await first.connect()
  expect(await second.connect()).toBe(false)
  await first.disconnect()
  expect(await second.transmit(Uint8Array.of(1))).toBeUndefined()
  expect(chip.log).toEqual(['connect', 'disconnect'])
})

test('a lane that has fallen silent loses the chip to one that waits, and can come again', async () => {
  const chip = scribe()
  const shared = new ExclusiveReader(systemClock, quick)
  const [silent, eager] = [shared.lane(chip), shared.lane(chip)]
  await silent.connect()
  expect(await eager.connect()).toBe(true)
  expect(await silent.transmit(Uint8Array.of(1))).toBeUndefined()
  await silent.disconnect()
  expect(await eager.transmit(Uint8Array.of(2))).toEqual(Uint8Array.of(2))
  await eager.disconnect()
  expect(await silent.connect()).toBe(true)
  expect(chip.log).toEqual(['connect', 'disconnect', 'connect', '> 02', '< 02', 'disconnect', 'connect'])
})

test('a lane keeps the chip while a command is under way, however long it takes', async () => {
  const chip: Reader = {
    ...scribe(),
    transmit: async (command: Bytes) => {
      await pause(100)
      return command
    },
  }
  const shared = new ExclusiveReader(systemClock, quick)
  const [slow, next] = [shared.lane(chip), shared.lane(chip)]
  await slow.connect()
  const answer = slow.transmit(Uint8Array.of(7))
  const turn = next.connect()
  expect(await answer).toEqual(Uint8Array.of(7))
  expect(await turn).toBe(true)
})

test('without a chip nobody holds it, so nobody waits for nothing', async () => {
  const shared = new ExclusiveReader(systemClock, quick)
  expect(await shared.lane(scribe(false)).connect()).toBe(false)
  expect(await shared.lane(scribe(false)).connect()).toBe(false)
})
