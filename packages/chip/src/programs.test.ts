import { concat, NO_BYTES } from '@kozeni/base/bytes'
import { SeededDice } from '@kozeni/base/dice'
import { LISTED } from '@kozeni/protocol/globalplatform'
import { PURSE_AID } from '@kozeni/protocol/purse'
import { expect, test } from 'vitest'
import { blank, chipOf, fastCrypto, Host, install, released } from './install-for-tests-node.ts'
import { ManagerPages } from './manager-pages.ts'
import { MANAGER_AREA, regionAt } from './memory-map.ts'
import { assembled, body } from './module-for-tests.ts'
import { answerOf, openProgram } from './programs.ts'
import { openRecordStore } from './record-store.ts'

test('a program may say the status words of ISO 7816, but for those of the transport', () => {
  const said = Array.from({ length: 256 }, (_, sw1) => sw1).filter(
    sw1 => answerOf(Uint8Array.of(7, sw1, 0x12)).statusWord === ((sw1 << 8) | 0x12),
  )
  const may = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)
  expect(said).toEqual([...may(0x62, 0x6b), ...may(0x6d, 0x6f), ...may(0x90, 0x9f)])
  expect(answerOf(Uint8Array.of(7, 0x90, 0x00))).toEqual({ data: Uint8Array.of(7), statusWord: 0x9000 })
})

test('a program that says nothing, or less than a status word, was stopped', () => {
  for (const said of [undefined, NO_BYTES, Uint8Array.of(0x90)])
    expect(answerOf(said)).toEqual({ data: NO_BYTES, statusWord: 0x6f00 })
})

/** A module whose every answer is this number, in LEB128. */
const saying = (...leb: number[]) => released(assembled({ body: concat(body(0x41), Uint8Array.of(...leb, 0x0b)) }))

test('the version of a program’s record fits two bytes, or it is not taken', () => {
  const [largest, larger] = [saying(0xff, 0xff, 0x03), saying(0x80, 0x80, 0x04)]
  for (const [file, statusWord] of [
    [largest, 0x9000],
    [larger, 0x6a80],
  ] as const) {
    const host = new Host(chipOf(blank()))
    expect(install(host, file, PURSE_AID, [])).toBe(statusWord)
    expect(host.has(LISTED.loadFiles, file.packageAid)).toBe(statusWord === 0x9000)
  }
})

test('what no longer is what was loaded does not run, and it is said where it lies', () => {
  const silicon = blank()
  expect(install(new Host(chipOf(silicon)), saying(1), PURSE_AID, [])).toBe(0x9000)
  const parts = { silicon, crypto: fastCrypto, dice: new SeededDice(1), openStore: openRecordStore }
  const { registry } = new ManagerPages(openRecordStore(silicon, MANAGER_AREA))
  const [program = expect.fail('installed')] = registry.programs
  expect(openProgram(parts, registry, program).ask('version')).toBe(1)
  expect(() => openProgram(parts, { ...registry, loadFiles: [] }, program)).toThrow('a program without its load file')
  silicon.write(regionAt(0) + 20, Uint8Array.of(0x77))
  expect(() => openProgram(parts, registry, program)).toThrow('the module in region 0')
})
