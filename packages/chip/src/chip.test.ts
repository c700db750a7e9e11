import { builtPurse } from '@kozeni/program/compile-node'
import { PURSE_AID, selectCommand } from '@kozeni/protocol/purse'
import { expect, test } from 'vitest'
import { blank, chipOf, Host, install, released } from './install-for-tests.ts'

test('the purse program is delivered to a blank chip, and answers', async () => {
  const silicon = blank()
  const host = new Host(chipOf(silicon))
  const module = await builtPurse()
  const t = performance.now()
  expect(install(host, released(module), PURSE_AID, []).toString(16)).toBe('9000')
  const answer = host.plain(selectCommand(PURSE_AID))
  expect(answer.statusWord).toBe(0x9000)
  expect(answer.data.length).toBeGreaterThan(8)
})
