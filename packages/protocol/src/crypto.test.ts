import { utf8 } from '@kozeni/base/bytes'
import { SeededDice } from '@kozeni/base/dice'
import { expect, test } from 'vitest'
import { cryptoContract } from './crypto.contract.ts'
import { nobleCrypto } from './crypto-noble.ts'
import { nodeCrypto, verifyAside } from './crypto-node.ts'

cryptoContract('node', nodeCrypto, nobleCrypto)
cryptoContract('noble', nobleCrypto, nodeCrypto)

test('aside a signature is checked as it is at once: that of another message, another key and no key are wrong', async () => {
  const [mine, other] = [1, 2].map(seed => nodeCrypto.generate(new SeededDice(seed)))
  if (mine === undefined || other === undefined) throw new Error('two keys')
  const [said, signature] = [utf8('said'), nodeCrypto.sign(mine, utf8('said'))]
  const point = nodeCrypto.publicKey(mine)
  const cases = [
    [point, said],
    [point, utf8('not said')],
    [nodeCrypto.publicKey(other), said],
    [point.slice(1), said],
  ] as const
  const checked = await Promise.all(cases.map(([key, message]) => verifyAside(key, message, signature)))
  expect(checked).toEqual([true, false, false, false])
  expect(cases.map(([key, message]) => nodeCrypto.verify(key, message, signature))).toEqual(checked)
  expect(await verifyAside(point, said, new Uint8Array(64))).toBe(false)
})
