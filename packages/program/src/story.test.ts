import { SeededDice } from '@kozeni/base/dice'
import { nobleCrypto } from '@kozeni/protocol/crypto-noble'
import { expect, test } from 'vitest'
import { ChipForTests } from './chip-for-tests.ts'
import { builtPurse } from './compile-node.ts'
import { EPOCH, PurseForTests, till } from './purse-for-tests.ts'

test('a blank program becomes a purse, is loaded, and pays at a till', async () => {
  const module = new WebAssembly.Module(await builtPurse())
  const purse = new PurseForTests(new ChipForTests(module, nobleCrypto, new SeededDice(1))).personalise()
  const load = { epoch: EPOCH, number: 1, kind: 'load', amount: 500n } as const
  expect(purse.command(load)).toMatchObject({ status: 0x9000, outcome: 'applied', flag: true, credits: 500n })
  const shop = till('0606060606060606')
  expect(purse.meet(shop).receiptFor(shop, { seq: 0, amount: 200n, sale: 1 }).receipt).toMatchObject({
    seq: 1,
    debits: 200n,
  })
  expect(purse.read()).toMatchObject({ credits: 500n, debits: 200n, seq: 1 })
})
