import { type Bytes, hex, unhex } from '@kozeni/base/bytes'
import { encodeCommand } from '@kozeni/protocol/apdu'
import { PURSE_AID, selectCommand } from '@kozeni/protocol/purse'
import { type Bench, readerContract } from '@kozeni/protocol/reader.contract'
import { beforeAll, expect, test } from 'vitest'
import { blank, chipOf, Host, install, released } from './install-for-tests-node.ts'
import { type Death, imageOf, KeeperForTests } from './keeper-for-tests.ts'
import { NOTE, notebook } from './program-for-tests-node.ts'
import { FlushedReader } from './reader-flushed.ts'
import { LocalReader } from './reader-local.ts'
import { PowerLost } from './silicon.ts'
import { ImageSilicon } from './silicon-image.ts'
import type { MemorySilicon } from './silicon-memory.ts'

let installed: MemorySilicon
const select = encodeCommand(selectCommand(PURSE_AID))
const note = (value: number): Bytes => Uint8Array.of(0x80, NOTE.write, 5, 0, 2, value, value)
const READ = Uint8Array.of(0x80, NOTE.read, 5, 0, 0)

beforeAll(async () => {
  installed = blank()
  expect(install(new Host(chipOf(installed)), released(await notebook()))).toBe(0x9000)
})

const readerOver = (silicon: ImageSilicon): FlushedReader =>
  new FlushedReader(new LocalReader(chipOf(silicon)), silicon)

readerContract('flushed', async (): Promise<Bench> => {
  const keeper = new KeeperForTests()
  const silicon = imageOf(installed, keeper)
  const chip = chipOf(silicon)
  const reader = new FlushedReader(new LocalReader(chip), silicon)
  return {
    reader,
    cutPower: async () => {
      await reader.transmit(select)
      keeper.failAt(1, 'nothing-saved')
      return note(1)
    },
    takeAway: async () => {
      chip.powerOff()
      chip.powerOn = () => {
        throw new PowerLost('taken away')
      }
    },
  }
})

test('an answer is out only after what the chip wrote for it is kept', async () => {
  const keeper = new KeeperForTests()
  const reader = readerOver(imageOf(installed, keeper))
  await reader.connect()
  await reader.transmit(select)
  expect(keeper.saves).toBe(0)
  expect(await reader.transmit(note(1))).toEqual(unhex('9000'))
  expect(keeper.saves).toBe(1)
  await reader.transmit(READ)
  expect(keeper.saves).toBe(1)
})

test.each<Death>(['nothing-saved', 'all-saved'])(
  'a tab killed at any save (%s) leaves the chip with all that was heard, and at most the one command more',
  async death => {
    for (let killed = 1; killed <= 5; killed++) {
      const keeper = new KeeperForTests()
      const reader = readerOver(imageOf(installed, keeper))
      await reader.connect()
      await reader.transmit(select)
      keeper.failAt(killed, death)
      for (let value = 1; value < killed; value++) expect(await reader.transmit(note(value))).toEqual(unhex('9000'))
      expect(await reader.transmit(note(killed))).toBeUndefined()

      const again = readerOver(new ImageSilicon(installed.sizeBytes, keeper.kept, new KeeperForTests()))
      expect(await again.connect()).toBe(true)
      await again.transmit(select)
      const last = death === 'all-saved' ? killed : killed - 1
      const expected = last === 0 ? '6a88' : `0${last}0${last}9000`
      expect(hex((await again.transmit(READ)) ?? new Uint8Array())).toBe(expected)
    }
  },
)
