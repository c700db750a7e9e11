/** A sample of `npm run tears`: power cut within the purse's commands, over real silicon (C-1). */
import { commandOf, EPOCH } from '@kozeni/program/purse-for-tests'
import { expect, test } from 'vitest'
import { chipOf } from './install-for-tests-node.ts'
import { purseOnSilicon, sayAgain } from './purse-on-silicon-for-tests-node.ts'
import { deeds, torture } from './purse-tears-for-tests-node.ts'
import { PowerLost } from './silicon.ts'
import { inPlace } from './store-in-place-for-tests.ts'

const all = await deeds()

test('power cut within any command of the purse: as before or as meant, and said again it ends as meant', () => {
  const results = all.map(deed => torture(deed, 97))
  expect(results.flatMap(({ wounds }) => wounds)).toEqual([])
  expect(results.filter(({ cuts }) => cuts > 0).length).toBeGreaterThan(80)
}, 120_000)

test('the same run catches a chip that writes its pages in place', () => {
  const load = all.find(({ name }) => name.startsWith('load: at rest')) ?? expect.fail('listed')
  expect(torture(load, 5, inPlace).wounds).not.toEqual([])
})

test('recovery writes nothing: after a cut, power and every question leave each byte alone', async () => {
  const purse = await purseOnSilicon()
  const message = commandOf({ epoch: EPOCH, number: 1, kind: 'load', amount: 5n })
  for (const afterBytes of [0, 1, 20, 60]) {
    const mine = purse.fork()
    const { silicon } = mine.chip
    silicon.planCut({ afterBytes, torn: 0x5a })
    expect(() => mine.deliver(message)).toThrow(PowerLost)
    const { bytes } = silicon.wear
    silicon.powerOn()
    const asked = mine.fork()
    asked.read()
    expect(asked.chip.silicon.wear.bytes).toBe(0)
    sayAgain(chipOf(silicon), asked.chip.said)
    expect(silicon.wear.bytes).toBe(bytes)
  }
})
