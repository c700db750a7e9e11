/** Whatever is said to a chip, it answers, in words that are defined, and is there for the next one. */
import { type Bytes, concat, hex } from '@kozeni/base/bytes'
import { SeededDice } from '@kozeni/base/dice'
import { commandApdu, decodeCommand, encodeCommand } from '@kozeni/protocol/apdu'
import {
  deleteContent,
  GP_INS,
  GP_TAG,
  getData,
  getStatus,
  installAndMakeSelectable,
  installForLoad,
  installForPersonalization,
  LISTED,
  loadBlocks,
  putKeys,
  selectIssuerDomain,
  setStatus,
  storeData,
} from '@kozeni/protocol/globalplatform'
import { PURSE_AID, PURSE_PACKAGE_AID, selectCommand } from '@kozeni/protocol/purse'
import { initializeUpdate, openHost, type Session, wrap } from '@kozeni/protocol/scp03'
import { beforeAll, expect, test } from 'vitest'
import type { Chip } from './chip.ts'
import { blank, CARD_KEYS, chipOf, fastCrypto, Host, install, released } from './install-for-tests-node.ts'
import { NOTE, notebook } from './program-for-tests-node.ts'
import { PowerLost } from './silicon.ts'
import type { MemorySilicon } from './silicon-memory.ts'
import { SW } from './status-word.ts'

const ROUNDS = 60_000

let module: Bytes

beforeAll(async () => {
  module = await notebook()
})

const dice = new SeededDice(2026)
const pick = <T>(from: readonly T[]): T => from[dice.below(from.length)] ?? expect.fail('something to pick from')

/** One answer, checked. @returns undefined when the chip lost power */
function answerOf(chip: Chip, apdu: Bytes): Bytes | undefined {
  try {
    const answer = chip.process(apdu)
    const [sw1 = 0, sw2 = 0] = answer.slice(-2)
    const statusWord = (sw1 << 8) | sw2
    const defined = Object.values<number>(SW).includes(statusWord) || sw1 === 0x61 || sw1 === 0x6c
    if (!defined || answer.length > 2 + 65_536) expect.fail(`${hex(apdu)} was answered with ${hex(answer)}`)
    return answer
  } catch (error) {
    if (error instanceof PowerLost) return undefined
    throw error
  }
}

const managing = (): readonly Bytes[] =>
  [
    getStatus(LISTED.programs),
    getStatus(LISTED.loadFilesAndModules),
    getData(GP_TAG.cardData),
    installForLoad(fastCrypto, released(module)),
    ...loadBlocks(released(module), 400),
    installAndMakeSelectable(PURSE_PACKAGE_AID, PURSE_AID),
    installForPersonalization(PURSE_AID),
    storeData(Uint8Array.of(1, 2, 3), 0, false),
    deleteContent(PURSE_AID),
    deleteContent(PURSE_PACKAGE_AID, true),
    setStatus({ program: PURSE_AID }, 0x87),
    putKeys(fastCrypto, CARD_KEYS, CARD_KEYS, 2),
  ].map(encodeCommand)

const open = (): readonly Bytes[] =>
  [
    selectIssuerDomain(),
    selectCommand(PURSE_AID),
    initializeUpdate(new Uint8Array(8)),
    commandApdu(0x84, GP_INS.externalAuthenticate, 0x33, 0, new Uint8Array(16)),
    commandApdu(0x00, 0xc0, 0, 0),
    ...Object.values(NOTE)
      .filter(ins => ins !== NOTE.signForEver && ins !== NOTE.writeForEver && ins !== NOTE.writeAndLoop)
      .map(ins => commandApdu(0x80, ins, 1, 0, Uint8Array.of(1, 2))),
  ].map(encodeCommand)

/** Changed, cut, lengthened, chained or replaced. */
function mutated(apdu: Bytes): Bytes {
  const copy = apdu.slice()
  for (let edits = dice.below(3); edits > 0; edits--) copy[dice.below(Math.min(copy.length, 12))] = dice.below(256)
  switch (dice.below(8)) {
    case 0:
      return copy.slice(0, dice.below(copy.length + 1))
    case 1:
      return concat(copy, dice.bytes(dice.below(20)))
    case 2:
      copy[0] = (copy[0] ?? 0) ^ 0x10
      return copy
    case 3:
      return dice.bytes(dice.below(40))
    default:
      return copy
  }
}

test(`${ROUNDS} commands, most of them wrong in one or two bytes: each has a defined answer, and the chip lives on`, () => {
  const chip = chipOf(installed())
  const seeds = [...managing(), ...open()]
  const seen = new Map<number, number>()
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 500 === 0) chip.powerOn()
    const answer = answerOf(chip, mutated(pick(seeds))) ?? expect.fail('power')
    const sw1 = answer.at(-2) ?? 0
    seen.set(sw1, (seen.get(sw1) ?? 0) + 1)
  }
  expect(new Host(chip).open()).toBe(0x9000)
  for (const sw1 of [0x61, 0x67, 0x68, 0x69, 0x6a, 0x6d, 0x6e, 0x6f, 0x90])
    expect(seen.get(sw1) ?? 0).toBeGreaterThan(20)
}, 120_000)

function installed(): MemorySilicon {
  const silicon = blank()
  expect(install(new Host(chipOf(silicon)), released(module))).toBe(0x9000)
  return silicon
}

/** A channel opened by hand, so that what goes through it can be wrong. */
function channel(chip: Chip): Session | undefined {
  chip.powerOn()
  const initialized = answerOf(chip, encodeCommand(initializeUpdate(new Uint8Array(8), 1)))
  const opened = initialized && openHost(fastCrypto, CARD_KEYS, new Uint8Array(8), initialized.slice(0, -2), 0x33)
  return opened && answerOf(chip, encodeCommand(opened.command)) && opened.session
}

test('the same through the secure channel, with power cuts among them: never a chip that cannot be managed', () => {
  let silicon = installed()
  let chip = chipOf(silicon)
  let session = channel(chip)
  let through = 0
  const seeds = managing()
  for (let round = 0; round < 12_000; round++) {
    if (round % 2000 === 0) [silicon, session] = [installed(), undefined]
    if (round % 2000 === 0) chip = chipOf(silicon)
    if (dice.below(20) === 0) silicon.planCut({ afterBytes: dice.below(600), torn: dice.below(256) })
    session ??= channel(chip)
    const command = decodeCommand(mutated(pick(seeds)))
    if (session === undefined || command === undefined || command.data.length > 2000) continue
    const out = wrap(fastCrypto, session, { ...command, cla: 0x80, expected: 65_536 })
    const answer = answerOf(chip, encodeCommand(out.command))
    through += answer === undefined ? 0 : 1
    session = answer === undefined || hex(answer.slice(-2)) === '6982' ? undefined : out.session
  }
  expect(through).toBeGreaterThan(5000)
  silicon.planCut(undefined)
  expect(channel(chip)).toBeDefined()
}, 120_000)
