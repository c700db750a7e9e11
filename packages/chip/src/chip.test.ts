import { type Bytes, bigEndian, concat, hex, unhex } from '@kozeni/base/bytes'
import { commandApdu, encodeCommand } from '@kozeni/protocol/apdu'
import { GP_TAG, getData } from '@kozeni/protocol/globalplatform'
import { PURSE_AID, selectCommand } from '@kozeni/protocol/purse'
import { beforeAll, expect, test } from 'vitest'
import type { Chip } from './chip.ts'
import { forge } from './foundry.ts'
import { blank, CARD_KEYS, CHIP, chipOf, Host, install, released } from './install-for-tests-node.ts'
import { CHIP_BYTES, MANAGER_AREA, PAGE, regionAt, storeArea } from './memory-map.ts'
import { NOTE, notebook } from './program-for-tests-node.ts'
import { PowerLost } from './silicon.ts'
import { MemorySilicon } from './silicon-memory.ts'

let module: Bytes

beforeAll(async () => {
  module = await notebook()
})

function withNotebook(): { chip: Chip; silicon: MemorySilicon } {
  const silicon = blank()
  const chip = chipOf(silicon)
  expect(install(new Host(chip), released(module))).toBe(0x9000)
  chip.powerOn()
  chip.process(encodeCommand(selectCommand(PURSE_AID)))
  return { chip, silicon }
}

const say = (chip: Chip, apdu: string): string => hex(chip.process(unhex(apdu)))

test('silicon is no chip until a foundry has made one of it, and then it cannot be made again', () => {
  const silicon = new MemorySilicon(CHIP_BYTES)
  expect(chipOf(silicon).powerOn()).toBeUndefined()
  const order = { chip: CHIP, chipClass: 'software', cardKeys: CARD_KEYS, loadKey: new Uint8Array(65) } as const
  forge(silicon, order)
  expect(chipOf(silicon).powerOn()).toBeDefined()
  expect(() => forge(silicon, order)).toThrow('erased silicon')
})

test('a forging that is cut off at any byte can be repeated', () => {
  const order = { chip: CHIP, chipClass: 'software', cardKeys: CARD_KEYS, loadKey: new Uint8Array(65) } as const
  for (let afterBytes = 0; ; afterBytes++) {
    const silicon = new MemorySilicon(CHIP_BYTES)
    silicon.planCut({ afterBytes, torn: 0x00 })
    let cut = false
    try {
      forge(silicon, order)
    } catch (error) {
      cut = error instanceof PowerLost
      expect(cut).toBe(true)
    }
    silicon.planCut(undefined)
    silicon.powerOn()
    if (cut && chipOf(silicon).powerOn() === undefined) forge(silicon, order)
    expect(new Host(chipOf(silicon)).open()).toBe(0x9000)
    if (!cut) return
  }
})

test('the answer to reset is well formed, and the same for all chips (C-11)', () => {
  const atr = chipOf(blank()).powerOn() ?? expect.fail('a chip')
  expect(atr.length).toBe(4 + ((atr[1] ?? 0) & 0x0f) + 1)
  expect(atr.slice(1).reduce((check, byte) => check ^ byte, 0)).toBe(0)
})

test('a chip without power does not answer', () => {
  const chip = chipOf(blank())
  expect(() => say(chip, '00a4040000')).toThrow(PowerLost)
  chip.powerOn()
  expect(say(chip, '00a4040000')).toMatch(/9000$/)
  chip.powerOff()
  expect(() => say(chip, '00a4040000')).toThrow(PowerLost)
})

test.each([
  ['', '6700', 'no command'],
  ['00a404', '6700', 'half a header'],
  ['00a4040005a000', '6700', 'less data than Lc says'],
  ['00a4040000000000', '6700', 'an extended length of nothing'],
  ['01a4040000', '6881', 'another channel'],
  ['40a4040000', '6881', 'a further channel'],
  ['c0ca004500', '6881', 'a further channel of the proprietary class'],
  ['0ca4040000', '6882', 'secure messaging'],
  ['94e28000', '6884', 'a chained command in the secure channel'],
  ['20a4040000', '6e00', 'a class that is not defined'],
  ['ffa4040000', '6e00', 'a class that never will be'],
  ['0070000001', '6d00', 'MANAGE CHANNEL'],
  ['00a4000000', '6a86', 'SELECT by other than name'],
  ['00a4040200', '6a86', 'SELECT of the next one'],
  ['00a4040004a0000001', '6a82', 'too little of a name'],
  ['00c0000000', '6985', 'GET RESPONSE with nothing to get'],
])('%s is answered with %s: %s', (command, answer) => {
  const chip = chipOf(blank())
  chip.powerOn()
  expect(say(chip, command)).toBe(answer)
})

test.each(['00a4040008a000000151000000', '00a4040007a0000001510000', '00a4040000', '00a40400', '00a4040c05a000000151'])(
  'the card manager is selected by its name, its beginning, or none: %s',
  command => {
    const chip = chipOf(blank())
    chip.powerOn()
    expect(say(chip, command)).toMatch(/(9000|61..)$/)
  },
)

test('a program is selected by its name or its beginning; what was selected stays so when nothing has that name', () => {
  const { chip } = withNotebook()
  expect(say(chip, '00a4040005f04b4f5a4500')).toBe('019000')
  expect(say(chip, '00a4040006f04b4f5a459900')).toBe('6a82')
  expect(say(chip, '8003000000')).toBe('019000')
})

const tag = (chip: Chip, le: string): string => say(chip, `80ca9f7f${le}`)

test('an answer longer than asked for comes in pieces, and nothing runs twice', () => {
  const chip = chipOf(blank())
  chip.powerOn()
  const whole = tag(chip, '00')
  expect(whole).toMatch(/9000$/)
  expect(tag(chip, '')).toBe('612d')
  expect(say(chip, '00c0000000')).toBe(whole)
  expect(tag(chip, '10')).toBe(`${whole.slice(0, 32)}611d`)
  expect(say(chip, '00c0000010')).toBe(`${whole.slice(32, 64)}610d`)
  expect(say(chip, '00c0000020')).toBe('6c0d')
  expect(say(chip, '00c000000d')).toBe(whole.slice(64))
  expect(say(chip, '00c0000000')).toBe('6985')
})

test('an answer of more than 256 bytes comes whole by an extended Le, and in pieces by a short one', () => {
  const { chip } = withNotebook()
  const whole = say(chip, '80199600000000')
  expect(whole).toHaveLength(2 * (0x96 * 8 + 2))
  let pieces = say(chip, '8019960000')
  expect(pieces.slice(-4)).toBe('6100')
  while (pieces.slice(-4, -2) === '61') pieces = pieces.slice(0, -4) + say(chip, '00c0000000')
  expect(pieces.length).toBe(whole.length)
})

test('a chained command arrives as one; a foreign one between breaks the chain, and so does too much', () => {
  const { chip } = withNotebook()
  const data = Uint8Array.from({ length: 300 }, (_, i) => i)
  const chained = (from: number, to: number, more: boolean): string =>
    say(chip, `${more ? '90' : '80'}010100${hex(concat(bigEndian(to - from, 1), data.slice(from, to)))}`)
  expect([chained(0, 100, true), chained(100, 250, true), chained(250, 300, false)]).toEqual(['9000', '9000', '9000'])
  expect(say(chip, '80020100000000')).toBe(`${hex(data)}9000`)
  expect(chained(0, 100, true)).toBe('9000')
  expect(say(chip, '8003000000')).toBe('6883')
  expect(say(chip, '8003000000')).toMatch(/9000$/)
  const answers = Array.from({ length: 12 }, () => chained(0, 250, true))
  expect(answers).toContain('6700')
})

test('a chain goes on with the same class, instruction and parameters, or is broken', () => {
  const { chip } = withNotebook()
  for (const next of ['8401010001aa', '8003010001aa', '8001020001aa', '8001010101aa']) {
    expect(say(chip, '9001010001aa')).toBe('9000')
    expect(say(chip, next)).toBe('6883')
  }
  expect(say(chip, '9001010001aa')).toBe('9000')
  expect(say(chip, '8001010001bb')).toBe('9000')
  expect(say(chip, '8002010000')).toBe('aabb9000')
})

test('how much waits is said in one byte: 255 as FF, more as 00; what waits is fetched by either length', () => {
  const { chip } = withNotebook()
  expect(say(chip, '8019200001').slice(-4)).toBe('61ff')
  expect(say(chip, '00c00000000000')).toMatch(/9000$/)
  expect(say(chip, '8019220001').slice(-4)).toBe('6100')
})

test('GET RESPONSE is of the first class; another class’s C0 is a command', () => {
  const chip = chipOf(blank())
  chip.powerOn()
  expect(say(chip, '84c0000000')).toBe('6982')
  expect(say(chip, '80c0000000')).toBe('6985')
})

test('a class that is not defined reaches no program', () => {
  const { chip } = withNotebook()
  expect(say(chip, '2003000000')).toBe('6e00')
  expect(say(chip, '8003000000')).toBe('019000')
})

test('data of more than 255 bytes come by an extended Lc', () => {
  const { chip } = withNotebook()
  const data = new Uint8Array(500).fill(5)
  expect(hex(chip.process(encodeCommand(commandApdu(0x80, NOTE.write, 1, 0, data))))).toBe('9000')
  expect(hex(chip.process(encodeCommand(commandApdu(0x80, NOTE.write, 1, 0, new Uint8Array(2043)))))).toBe('6700')
  expect(hex(chip.process(encodeCommand(commandApdu(0x80, NOTE.count, 0, 0, new Uint8Array(2042)))))).toMatch(/9000$/)
})

test('a program that was stopped answers 6F00 once, and is there for the next command, selected, with an empty memory', () => {
  const { chip } = withNotebook()
  expect(say(chip, '8010010001aa00')).toBe('6f00')
  expect(say(chip, '8003000000')).toBe('019000')
  expect(say(chip, '8002010000')).toBe('aa9000')
})

test('power takes a program’s memory, not its pages', () => {
  const { chip } = withNotebook()
  say(chip, '80010100020102')
  say(chip, '8003000000')
  chip.powerOn()
  expect(say(chip, '8003000000')).toBe('6d00') // the card manager is selected now
  chip.process(encodeCommand(selectCommand(PURSE_AID)))
  expect(say(chip, '8003000000')).toBe('019000')
  expect(say(chip, '8002010000')).toBe('01029000')
})

/** Flips one bit of the newest copy of something. */
const DAMAGES: Readonly<Record<string, { at: () => number; seenBy: readonly string[] }>> = {
  'the registry': { at: () => slotAt(MANAGER_AREA, PAGE.registry) + 20, seenBy: ['00a4040000'] },
  'the keys': { at: () => slotAt(MANAGER_AREA, PAGE.keySets) + 20, seenBy: ['80500000080102030405060708'] },
  'the chip’s name': {
    at: () => slotAt(MANAGER_AREA, PAGE.identity) + 5,
    seenBy: [hex(encodeCommand(getData(GP_TAG.cardNumber)))],
  },
  'the program': { at: () => regionAt(0) + 30, seenBy: [hex(encodeCommand(selectCommand(PURSE_AID)))] },
  'a page of the program': {
    at: () => slotAt(storeArea(0), 1) + 4,
    seenBy: [hex(encodeCommand(selectCommand(PURSE_AID))), '8002010000'],
  },
}

const slotAt = ({ at, pageBytes }: { at: number; pageBytes: number }, page: number): number =>
  at + page * 2 * (pageBytes + 7)

test.each(Object.entries(DAMAGES))(
  'when %s is damaged the chip is defective for ever, whatever it is asked (C-8)',
  (_, { at, seenBy }) => {
    const { silicon } = withNotebook()
    for (const slot of [0, 519]) {
      const byte = silicon.read(at() + slot, 1)[0] ?? 0
      silicon.write(at() + slot, Uint8Array.of(byte ^ 0x10))
    }
    const chip = chipOf(silicon)
    chip.powerOn()
    expect(seenBy.map(command => say(chip, command)).at(-1)).toBe('6581')
    for (let contact = 0; contact < 3; contact++) {
      for (const command of ['00a4040000', '80ca004500', '8002010000', '']) expect(say(chip, command)).toBe('6581')
      chip.powerOn()
    }
  },
)
