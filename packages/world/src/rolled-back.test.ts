/** A chip is put back to what it was (K-1, C-6): the center does not talk to it for ever. */
import { SeededDice } from '@kozeni/base/dice'
import { Chip } from '@kozeni/chip/chip'
import { LocalReader } from '@kozeni/chip/reader-local'
import { builtPurse } from '@kozeni/program/compile-node'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { expect, test } from 'vitest'
import { must } from './must.ts'
import { Town } from './town.ts'

const SESSION_OVER_MS = 61_000

test('a chip that was put back says nothing that is believed: its contact ends, and says that the purse is blocked', async () => {
  const town = new Town(5, await builtPurse())
  const holder = await town.settleIn()
  const old = new Chip({ silicon: holder.silicon.copy(), crypto, dice: new SeededDice(5) })
  await town.fund(holder, 100n)
  await town.contact(holder)
  must(await town.pay(holder, town.sale(await town.openStore(), 30n)))
  town.clock.advance(SESSION_OVER_MS)
  const met = await town.contact({ ...holder, reader: new LocalReader(old) })
  expect(met).toMatchObject({ ended: 'refused', refusal: { code: 'purse-blocked' } })
  expect(met.report.length).toBeLessThan(6)
  expect(await town.purse(holder)).toMatchObject({ blocked: true, flag: true })
})
