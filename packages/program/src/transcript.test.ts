/** vectors/purse.json is what the program really says, and holds all that another implementation needs to say the same. */
import { hex, unhex } from '@kozeni/base/bytes'
import type { Dice } from '@kozeni/base/dice'
import { nobleCrypto } from '@kozeni/protocol/crypto-noble'
import { expect, test } from 'vitest'
import vectors from '../../../vectors/purse.json' with { type: 'json' }
import { ChipForTests } from './chip-for-tests.ts'
import { builtPurse } from './compile-node.ts'
import { transcriptOf } from './transcript.ts'

const module = new WebAssembly.Module(await builtPurse())

test('the transcript is fresh: to write it anew, run packages/program/src/transcript-node.ts', () => {
  expect(transcriptOf(module)).toEqual(vectors)
})

test('played back with the chance that is written in it, a blank program answers the same bytes', () => {
  const chance = vectors.chance.map(unhex)
  const dice: Dice = { bytes: count => chance.shift()?.slice(0, count) ?? new Uint8Array(count) }
  const chip = new ChipForTests(module, nobleCrypto, dice)
  for (const { call, command } of vectors.exchanges) {
    if (call === 'select') chip.select()
    else if (call === 'personalise') chip.personalise(unhex(command))
    else chip.raw(unhex(command))
  }
  expect(chip.exchanges.map(({ response }) => hex(response))).toEqual(vectors.exchanges.map(({ response }) => response))
})
