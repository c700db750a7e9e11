import { type Bytes, concat, equal, hex, unhex } from '@kozeni/base/bytes'
import { builtPurse } from '@kozeni/program/compile-node'
import { commandApdu } from '@kozeni/protocol/apdu'
import {
  CARD_STATE,
  chipIdOf,
  deleteContent,
  deleteKeys,
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
  readStatus,
  setStatus,
  storeData,
} from '@kozeni/protocol/globalplatform'
import {
  GROUP,
  greeting,
  group,
  PURSE_AID,
  PURSE_PACKAGE_AID,
  purseCommand,
  selectCommand,
} from '@kozeni/protocol/purse'
import { SECURITY_LEVEL } from '@kozeni/protocol/scp03'
import { readTlvs, valueOf } from '@kozeni/protocol/tlv'
import { beforeAll, expect, test } from 'vitest'
import {
  blank,
  CARD_KEYS,
  CHIP,
  chipOf,
  fastCrypto,
  GROUPS,
  Host,
  install,
  released,
} from './install-for-tests-node.ts'
import { assembled } from './module-for-tests.ts'
import { KEPT_PAGE, NOTE, notebook } from './program-for-tests-node.ts'

const versions: Bytes[] = []

beforeAll(async () => {
  for (const version of [1, 2]) versions[version] = await notebook(version)
})

const version = (number: 1 | 2): Bytes => versions[number] ?? expect.fail('compiled')
const fresh = (): Host => new Host(chipOf(blank()))

function withNotebook(): Host {
  const host = fresh()
  expect(install(host, released(version(1)))).toBe(0x9000)
  return host
}

const statusWord = (host: Host, ...[cla, ins, p1, p2, data]: Parameters<typeof commandApdu>): number =>
  host.plain(commandApdu(cla, ins, p1, p2, data)).statusWord

/** One note to the notebook, which must be installed. */
function note(host: Host, ins: number, page: number, data = new Uint8Array(0)): { data: Bytes; statusWord: number } {
  host.plain(selectCommand(PURSE_AID))
  return host.plain(commandApdu(0x80, ins, page, 0, data))
}

test('a blank chip has no program; the purse program is delivered, and answers with its version and a new challenge', async () => {
  const host = fresh()
  expect(host.open()).toBe(0x9000)
  expect(host.send(getStatus(LISTED.programs)).statusWord).toBe(0x6a88)
  expect(host.plain(selectCommand(PURSE_AID)).statusWord).toBe(0x6a82)
  expect(install(host, released(await builtPurse()), PURSE_AID, [])).toBe(0x9000)
  const greet = (): Bytes => {
    const { data, statusWord: sw } = host.plain(selectCommand(PURSE_AID))
    expect(sw).toBe(0x9000)
    return greeting.read(data)?.challenge ?? expect.fail('a greeting')
  }
  expect(equal(greet(), greet())).toBe(false)
  expect(host.plain(purseCommand(0x10, new Uint8Array(20))).statusWord).toBe(0x6986)
})

test('the purse takes its data groups through the channel only', async () => {
  const host = fresh()
  expect(install(host, released(await builtPurse()), PURSE_AID, [])).toBe(0x9000)
  host.open()
  host.send(installForPersonalization(PURSE_AID))
  expect(host.send(storeData(group(GROUP.makeKey, new Uint8Array(0)), 0, false)).statusWord).toBe(0x6986)
  host.plain(selectCommand(PURSE_AID))
  expect(statusWord(host, 0x80, GP_INS.storeData, 0, 0, group(GROUP.makeKey, new Uint8Array(0)))).not.toBe(0x9000)
})

test('an installation that is interrupted after any command is resumed and completed', () => {
  const file = released(version(1))
  for (let commands = 0; ; commands++) {
    const host = fresh()
    let left = commands
    const impatient = new Host(host.chip)
    const send = impatient.send.bind(impatient)
    impatient.send = command => {
      if (left-- === 0) throw new Error('interrupted')
      return send(command)
    }
    try {
      install(impatient, file)
    } catch {
      expect(install(host, file)).toBe(0x9000)
      expect(note(host, NOTE.read, 1).data).toEqual(GROUPS[0])
      continue
    }
    expect(commands).toBeGreaterThan(5)
    return
  }
})

test('what is on the chip is told as GlobalPlatform lists it', () => {
  const host = withNotebook()
  host.open()
  const rows = (listed: (typeof LISTED)[keyof typeof LISTED]): unknown =>
    readStatus(host.send(getStatus(listed)).data)?.map(row => [
      hex(row.aid),
      row.state,
      row.packageAid && hex(row.packageAid),
      row.version,
    ])
  expect(rows(LISTED.domain)).toEqual([['a000000151000000', CARD_STATE.secured, undefined, undefined]])
  expect(rows(LISTED.programs)).toEqual([[hex(PURSE_AID), 0x07, hex(PURSE_PACKAGE_AID), undefined]])
  expect(rows(LISTED.loadFiles)).toEqual([[hex(PURSE_PACKAGE_AID), 0x01, undefined, 1]])
  const [modules] = readTlvs(host.send(getStatus(LISTED.loadFilesAndModules)).data) ?? []
  expect(valueOf(readTlvs(modules?.value ?? expect.fail('a row')), 0x84)).toEqual(PURSE_AID)
  expect(readStatus(host.send(getStatus(LISTED.programs, unhex('f04b'))).data)).toHaveLength(1)
  expect(host.send(getStatus(LISTED.programs, unhex('f04c'))).statusWord).toBe(0x6a88)
  expect(host.send({ ...getStatus(LISTED.programs), p2: 0 }).statusWord).toBe(0x6a86)
})

test('before a channel the chip tells what it is, and nothing else can be done', () => {
  const host = withNotebook()
  host.chip.powerOn()
  expect(chipIdOf(host.plain(getData(GP_TAG.cardNumber)).data)).toBe(CHIP)
  expect(hex(host.plain(getData(GP_TAG.cardData)).data)).toBe(
    '6631732f06072a864886fc6b01600c060a2a864886fc6b02020301630906072a864886fc6b03640b06092a864886fc6b040360',
  )
  expect(host.plain(getData(GP_TAG.keyInformation)).data).toHaveLength(2 + 3 * 6)
  expect(host.plain(getData(GP_TAG.productionLife)).data).toHaveLength(45)
  expect(host.plain(getData(0x99)).statusWord).toBe(0x6a88)
  for (const ins of [
    GP_INS.install,
    GP_INS.load,
    GP_INS.delete,
    GP_INS.putKey,
    GP_INS.storeData,
    GP_INS.setStatus,
    GP_INS.getStatus,
  ])
    expect([ins, statusWord(host, 0x80, ins, 0, 0)]).toEqual([ins, 0x6982])
  for (const ins of [GP_INS.install, GP_INS.externalAuthenticate])
    expect(statusWord(host, 0x84, ins, 0, 0, new Uint8Array(16))).toBeGreaterThan(0x6900)
  expect(statusWord(host, 0x80, 0x77, 0, 0)).toBe(0x6d00)
})

test('GET DATA by ISO’s class answers the value alone, by GlobalPlatform’s the data object, in the channel too', () => {
  const host = fresh()
  expect(host.open()).toBe(0x9000)
  const object = host.send(getData(GP_TAG.keyInformation)).data
  const value = valueOf(readTlvs(object), GP_TAG.keyInformation) ?? expect.fail('an object')
  expect(host.send({ ...getData(GP_TAG.keyInformation), cla: 0x00 }).data).toEqual(value)
  expect(host.send({ ...getStatus(LISTED.domain), cla: 0x00 }).statusWord).toBe(0x6d00)
  host.chip.powerOn()
  expect(host.plain({ ...getData(GP_TAG.keyInformation), cla: 0x00 }).data).toEqual(value)
  expect(host.plain({ ...getData(GP_TAG.keyInformation), cla: 0x04 }).statusWord).toBe(0x6982)
})

test('over radio the chip offers its programs and does not say which chip it is (C-11)', () => {
  const host = withNotebook()
  host.chip.powerOn('radio')
  for (const tag of Object.values(GP_TAG)) expect(host.plain(getData(tag)).statusWord).toBe(0x6985)
  expect(host.plain(selectCommand(unhex('a000000151000000'))).statusWord).toBe(0x6a82)
  expect(host.plain(selectCommand(new Uint8Array(0))).statusWord).toBe(0x6a82)
  expect(host.plain(selectCommand(PURSE_AID)).statusWord).toBe(0x9000)
})

test('whoever lacks the keys opens no channel', () => {
  const host = fresh()
  const stranger = { ...CARD_KEYS, mac: new Uint8Array(16) }
  expect(host.open(SECURITY_LEVEL.bothSecret, stranger)).toBe(0x9000) // of INITIALIZE UPDATE: the host saw that it is not its chip
  expect(statusWord(host, 0x84, GP_INS.externalAuthenticate, 0x33, 0, new Uint8Array(16))).toBe(0x6300)
  expect(statusWord(host, 0x84, GP_INS.externalAuthenticate, 0x33, 0, new Uint8Array(16))).toBe(0x6985)
  expect(host.open(SECURITY_LEVEL.bothSecret, CARD_KEYS, 9)).toBe(0x6a88)
})

test('one command from outside closes the channel, and so does one with a wrong MAC, or SELECT', () => {
  const disturbances = [
    (host: Host) => statusWord(host, 0x80, GP_INS.getStatus, 0x80, 2),
    (host: Host) => statusWord(host, 0x84, GP_INS.getStatus, 0x80, 2, new Uint8Array(8)),
    (host: Host) => host.plain(selectCommand(PURSE_AID)).statusWord,
  ]
  for (const disturb of disturbances) {
    const host = withNotebook()
    host.open()
    expect(host.send(getStatus(LISTED.domain)).statusWord).toBe(0x9000)
    disturb(host)
    host.plain(selectCommand(unhex('a000000151000000')))
    expect(host.send(getStatus(LISTED.domain)).statusWord).toBe(0x6982)
  }
})

test('personal data comes in enciphered or not at all', () => {
  const host = withNotebook()
  for (const level of Object.values(SECURITY_LEVEL)) {
    host.open(level)
    expect(host.send(installForPersonalization(PURSE_AID)).statusWord).toBe(0x9000)
    const secret = (level & 0x02) !== 0
    expect(host.send(storeData(GROUPS[0] ?? unhex(''), 0, true)).statusWord).toBe(secret ? 0x9000 : 0x6982)
  }
})

test('data groups want a program under personalisation, and the last one ends it', () => {
  const host = withNotebook()
  host.open()
  const data = GROUPS[0] ?? unhex('')
  expect(host.send(storeData(data, 0, false)).statusWord).toBe(0x6985)
  expect(host.send(installForPersonalization(unhex('f04b4f5a454e4999'))).statusWord).toBe(0x6a88)
  host.send(installForPersonalization(PURSE_AID))
  expect(host.send(storeData(data, 0, false))).toEqual({ data, statusWord: 0x9000 })
  expect(host.send(storeData(data, 1, true)).statusWord).toBe(0x9000)
  expect(host.send(storeData(data, 2, false)).statusWord).toBe(0x6985)
})

test('a load file is taken only whole, unchanged, and with the issuer’s signature for this very package', () => {
  const good = released(version(1))
  const altered = good.module.slice()
  altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1
  const wrong = [
    { ...good, signature: new Uint8Array(64) },
    { ...good, signature: released(version(2)).signature },
    { ...good, module: altered },
    { ...good, packageAid: unhex('f04b4f5a454e48') },
    released(assembled({ body: Uint8Array.of(0, 0x41, 1, 0x40, 0, 0x0b) })), // signed, and yet not fit to run
    released(unhex('00')),
  ]
  for (const file of wrong) {
    const host = fresh()
    expect([0x6982, 0x6a80]).toContain(install(host, file))
    expect(host.send(getStatus(LISTED.loadFiles)).statusWord).toBe(0x6a88)
    expect(install(host, good)).toBe(0x9000)
  }
})

test('blocks out of order, too many, too few or of another file end the load', () => {
  const file = released(version(1))
  const blocks = loadBlocks(file, 300)
  const last = blocks.length - 1
  const sequences = [[1, 0], [0, 2], [0, 0], [0, last], [last], [0, 1, 1]]
  for (const order of sequences) {
    const host = fresh()
    host.open()
    expect(host.send(installForLoad(fastCrypto, file)).statusWord).toBe(0x9000)
    const answers = order.map(i => host.send(blocks[i] ?? expect.fail('a block')).statusWord)
    expect(answers.at(-1)).not.toBe(0x9000)
    expect(host.send(blocks[1] ?? expect.fail('a block')).statusWord).toBe(0x6985)
    expect(install(host, file)).toBe(0x9000)
  }
})

test('a module that is announced as another, or larger than the cap, is refused', () => {
  const host = fresh()
  host.open()
  host.send(installForLoad(fastCrypto, released(version(2))))
  const answers = loadBlocks(released(version(1)), 1000).map(block => host.send(block).statusWord)
  expect(answers.at(-1)).toBe(0x6a80)
  host.send(installForLoad(fastCrypto, released(version(1))))
  const huge = loadBlocks(released(new Uint8Array(24 * 1024 + 1)), 1000)
  expect(host.send(huge[0] ?? expect.fail('a block')).statusWord).toBe(0x6a84)
})

test('a program that holds something is neither deleted nor ended with its chip; a released one is, with all it knew (C-5)', () => {
  const host = withNotebook()
  const before = Uint8Array.of(1, 2, 3)
  note(host, NOTE.write, KEPT_PAGE, before)
  host.open()
  expect(host.send(deleteContent(PURSE_AID)).statusWord).toBe(0x6985)
  expect(host.send(deleteContent(PURSE_PACKAGE_AID, true)).statusWord).toBe(0x6985)
  expect(host.send(installAndMakeSelectable(PURSE_PACKAGE_AID, PURSE_AID)).statusWord).toBe(0x6985)
  expect(host.send(setStatus('card', CARD_STATE.terminated)).statusWord).toBe(0x6985)
  expect(note(host, NOTE.read, KEPT_PAGE).data).toEqual(before)
})

test('a new installation is a new store', () => {
  const silicon = blank()
  const host = new Host(chipOf(silicon))
  expect(install(host, released(version(1)))).toBe(0x9000)
  const secret = Uint8Array.from({ length: 40 }, (_, i) => 0xa0 + (i % 7))
  for (let twice = 0; twice < 2; twice++)
    note(
      host,
      NOTE.write,
      9,
      secret.map(byte => byte ^ twice),
    )
  host.open()
  expect(host.send(deleteContent(PURSE_PACKAGE_AID)).statusWord).toBe(0x6985) // its program first
  expect(host.send(deleteContent(PURSE_AID)).statusWord).toBe(0x9000)
  expect(host.plain(selectCommand(PURSE_AID)).statusWord).toBe(0x6a82)
  expect(hex(silicon.read(0, silicon.sizeBytes))).not.toContain(hex(secret))
  expect(install(host, released(version(1)))).toBe(0x9000)
  expect(note(host, NOTE.read, 9).statusWord).toBe(0x6a88)
})

test('deleting a package with its programs takes all in one step', () => {
  const host = withNotebook()
  host.open()
  expect(host.send(deleteContent(PURSE_PACKAGE_AID, true)).statusWord).toBe(0x9000)
  expect(host.send(getStatus(LISTED.loadFiles)).statusWord).toBe(0x6a88)
  expect(host.send(getStatus(LISTED.programs)).statusWord).toBe(0x6a88)
  expect(host.send(deleteContent(PURSE_PACKAGE_AID)).statusWord).toBe(0x6a88)
})

test('an upgrade keeps the record; a module of an older layout is refused (C-5)', () => {
  const host = withNotebook()
  note(host, NOTE.write, KEPT_PAGE, Uint8Array.of(4, 5))
  const load = (module: Bytes): number | undefined => {
    host.open()
    const commands = [installForLoad(fastCrypto, released(module)), ...loadBlocks(released(module), 1000)]
    return commands.map(command => host.send(command).statusWord).at(-1)
  }
  expect(load(version(2))).toBe(0x9000)
  expect(host.plain(selectCommand(PURSE_AID)).data).toEqual(Uint8Array.of(2))
  expect(note(host, NOTE.read, KEPT_PAGE).data).toEqual(Uint8Array.of(4, 5))
  expect(load(version(1))).toBe(0x6985)
  expect(host.plain(selectCommand(PURSE_AID)).data).toEqual(Uint8Array.of(2))
  for (let again = 0; again < 4; again++) expect(load(version(2))).toBe(0x9000) // regions come free again
})

test('two programs do not see each other’s pages, and a third finds no room', () => {
  const host = withNotebook()
  const other = unhex('f04b4f5a454e4902')
  expect(install(host, released(version(1)), other)).toBe(0x9000)
  note(host, NOTE.write, 20, Uint8Array.of(1))
  host.plain(selectCommand(other))
  expect(host.plain(commandApdu(0x80, NOTE.read, 20, 0)).statusWord).toBe(0x6a88)
  host.open()
  expect(host.send(installAndMakeSelectable(PURSE_PACKAGE_AID, unhex('f04b4f5a454e4903'))).statusWord).toBe(0x6a84)
})

const NEXT_KEYS = {
  encryption: new Uint8Array(32).fill(1),
  mac: new Uint8Array(32).fill(2),
  dataEncryption: new Uint8Array(32).fill(3),
}

test('keys are added, used, and the old ones taken away; old keys work until then', () => {
  const host = fresh()
  host.open()
  const put = putKeys(fastCrypto, CARD_KEYS, NEXT_KEYS, 2)
  const receipt = host.send(put)
  expect(receipt.statusWord).toBe(0x9000)
  expect(receipt.data).toHaveLength(1 + 3 * 3)
  expect(host.send(put)).toEqual(receipt) // again is harmless
  expect(host.send(deleteKeys(1)).statusWord).toBe(0x6985) // its own
  expect(host.open(SECURITY_LEVEL.bothSecret, CARD_KEYS, 1)).toBe(0x9000)
  expect(host.open(SECURITY_LEVEL.bothSecret, NEXT_KEYS)).toBe(0x9000)
  expect(host.send(deleteKeys(1)).statusWord).toBe(0x9000)
  expect(host.send(deleteKeys(1)).statusWord).toBe(0x6a88)
  expect(host.send(deleteKeys(2)).statusWord).toBe(0x6985)
  expect(host.open(SECURITY_LEVEL.bothSecret, CARD_KEYS, 1)).toBe(0x6a88)
  expect(host.open(SECURITY_LEVEL.bothSecret, NEXT_KEYS, 2)).toBe(0x9000)
})

test('the last key set cannot be taken away, not even from the channel of the one it replaced', () => {
  const host = fresh()
  host.open()
  expect(host.send(putKeys(fastCrypto, CARD_KEYS, NEXT_KEYS, 2, 1)).statusWord).toBe(0x9000)
  expect(host.send(deleteKeys(2)).statusWord).toBe(0x6985)
  expect(host.open(SECURITY_LEVEL.bothSecret, NEXT_KEYS)).toBe(0x9000)
})

test('a key set that is not whole, does not fit its check values, or has no room is refused', () => {
  const host = fresh()
  host.open()
  const put = putKeys(fastCrypto, CARD_KEYS, NEXT_KEYS, 2)
  for (let cut = 1; cut < put.data.length; cut += 7)
    expect(host.send({ ...put, data: put.data.slice(0, -cut) }).statusWord).toBe(0x6a80)
  for (let at = 0; at < put.data.length; at += 5)
    expect(
      host.send({ ...put, data: put.data.map((byte, i) => (i === at && i > 0 ? byte ^ 1 : byte)) }).statusWord,
    ).toBe(at === 0 ? 0x9000 : 0x6a80)
  expect(host.send({ ...put, data: concat(put.data, Uint8Array.of(0)) }).statusWord).toBe(0x6a80)
  expect(host.send(putKeys(fastCrypto, CARD_KEYS, CARD_KEYS, 2)).statusWord).toBe(0x6985)
  expect(host.send(putKeys(fastCrypto, CARD_KEYS, CARD_KEYS, 3, 7)).statusWord).toBe(0x6a88)
  for (const [next, sw] of [
    [3, 0x9000],
    [4, 0x9000],
    [5, 0x6a84],
  ] as const)
    expect(host.send(putKeys(fastCrypto, CARD_KEYS, CARD_KEYS, next)).statusWord).toBe(sw)
})

test('keys without GlobalPlatform’s inner length are read as well', () => {
  const host = fresh()
  host.open()
  const put = putKeys(fastCrypto, CARD_KEYS, CARD_KEYS, 2)
  const plainer = [0, 1, 2].map(i => {
    const key = put.data.slice(1 + i * 23, 1 + (i + 1) * 23)
    return concat(Uint8Array.of(0x88, 16), key.slice(3))
  })
  expect(host.send({ ...put, data: concat(Uint8Array.of(2), ...plainer) }).statusWord).toBe(0x9000)
  expect(host.open(SECURITY_LEVEL.bothSecret, CARD_KEYS, 2)).toBe(0x9000)
})

test('a program can be locked and let free again', () => {
  const host = withNotebook()
  host.open()
  expect(host.send(setStatus({ program: PURSE_AID }, 0x80)).statusWord).toBe(0x9000)
  expect(host.send(installForPersonalization(PURSE_AID)).statusWord).toBe(0x6985)
  expect(host.plain(selectCommand(PURSE_AID)).statusWord).toBe(0x6a82)
  host.open()
  expect(host.send(setStatus({ program: PURSE_AID }, 0x07)).statusWord).toBe(0x9000)
  expect(host.plain(selectCommand(PURSE_AID)).statusWord).toBe(0x9000)
})

test('a chip’s life goes forward only, but for its lock', () => {
  const { opReady, initialized, secured, locked, terminated } = CARD_STATE
  const host = withNotebook()
  const to = (state: number): number => {
    host.open()
    return host.send(setStatus('card', state)).statusWord
  }
  for (const state of [opReady, initialized, secured, 0x55]) expect(to(state)).toBe(0x6985)
  expect(to(locked)).toBe(0x9000)
  expect(host.plain(selectCommand(PURSE_AID)).statusWord).toBe(0x6a82)
  expect(host.plain(selectCommand(unhex('a000000151000000'))).statusWord).toBe(0x6283)
  host.open()
  expect(host.send(deleteContent(PURSE_AID)).statusWord).toBe(0x6985)
  expect(host.send(putKeys(fastCrypto, CARD_KEYS, CARD_KEYS, 2)).statusWord).toBe(0x6985)
  expect(to(secured)).toBe(0x9000)
  expect(host.plain(selectCommand(PURSE_AID)).statusWord).toBe(0x9000)
  expect(to(terminated)).toBe(0x9000)
  expect(to(secured)).toBe(0x6985)
  expect(host.plain(selectCommand(PURSE_AID)).statusWord).toBe(0x6a82)
  expect(host.plain(getData(GP_TAG.cardData)).statusWord).toBe(0x9000)
})
