/** What the card manager refuses, field by field: each for its own reason, and with everything on the chip as it was. */
import { type Bytes, concat, hex, unhex, utf8 } from '@kozeni/base/bytes'
import { type CommandApdu, commandApdu } from '@kozeni/protocol/apdu'
import {
  deleteContent,
  deleteKeys,
  GP_INS,
  GP_TAG,
  getData,
  getStatus,
  INSTALL_FOR,
  ISSUER_DOMAIN_AID,
  installForLoad,
  installForPersonalization,
  LISTED,
  loadBlocks,
  putKeys,
  setStatus,
  storeData,
} from '@kozeni/protocol/globalplatform'
import { moduleAid } from '@kozeni/protocol/loadfile'
import { PURSE_AID, PURSE_PACKAGE_AID, selectCommand } from '@kozeni/protocol/purse'
import { initializeUpdate, SECURITY_LEVEL } from '@kozeni/protocol/scp03'
import { readTlvs, valueOf } from '@kozeni/protocol/tlv'
import { expect, test } from 'vitest'
import { blank, CARD_KEYS, CHIP, chipOf, fastCrypto, Host, install, released } from './install-for-tests-node.ts'
import { MODULE_BYTES_MAX, storeArea } from './memory-map.ts'
import { assembled, body } from './module-for-tests.ts'
import { openRecordStore } from './record-store.ts'
import type { MemorySilicon } from './silicon-memory.ts'

const none = unhex('')
const NEXT = {
  encryption: new Uint8Array(32).fill(1),
  mac: new Uint8Array(32).fill(2),
  dataEncryption: new Uint8Array(32).fill(3),
}
/** A program that answers with a number, and may be deleted when that is 1. */
const file = released(assembled({ body: body(0x41, 1, 0x0b) }))
const silicon = blank()
if (install(new Host(chipOf(silicon)), file, PURSE_AID, []) !== 0x9000) throw new Error('installed')

/** A copy of a chip with one program, with the channel open. */
function managed(from: MemorySilicon = silicon): { host: Host; memory: MemorySilicon } {
  const memory = from.copy()
  const host = new Host(chipOf(memory))
  expect(host.open()).toBe(0x9000)
  return { host, memory }
}

const counted = (fields: readonly Bytes[]): Bytes =>
  concat(...fields.flatMap(field => [Uint8Array.of(field.length), field]))
const installing = (purpose: number, ...fields: readonly Bytes[]): CommandApdu =>
  commandApdu(0x80, GP_INS.install, purpose, 0, counted(fields))

const OTHER = unhex('f04b4f5a454e48')
const bytes = (count: number): Bytes => new Uint8Array(count).fill(0xe0)

const forLoad = (changed: Partial<Record<'aid' | 'domain' | 'hash' | 'parameters' | 'token', Bytes>>): CommandApdu => {
  const fields = { aid: OTHER, domain: ISSUER_DOMAIN_AID, hash: none, parameters: none, token: none, ...changed }
  return installing(INSTALL_FOR.load, fields.aid, fields.domain, fields.hash, fields.parameters, fields.token)
}

type Program = Partial<Record<'from' | 'module' | 'aid' | 'privileges' | 'parameters' | 'token', Bytes>>
const forInstall = (changed: Program): CommandApdu => {
  const from = changed.from ?? PURSE_PACKAGE_AID
  const fields = { module: moduleAid(from), aid: bytes(8), privileges: bytes(1).fill(0), ...changed }
  const { parameters = none, token = none } = changed
  return installing(INSTALL_FOR.installAndSelect, from, fields.module, fields.aid, fields.privileges, parameters, token)
}

const load = (p1: number, p2: number, data: Bytes = none): CommandApdu => commandApdu(0x80, GP_INS.load, p1, p2, data)
const manage = (ins: number, p1: number, p2: number, data: Bytes = none): CommandApdu =>
  commandApdu(0x80, ins, p1, p2, data)

test.each([
  ['a token', forLoad({ token: bytes(1) }), 0x6a80],
  ['another domain', forLoad({ domain: bytes(8) }), 0x6a88],
  ['a hash of 31 bytes', forLoad({ hash: bytes(31) }), 0x6a80],
  ['a package’s name of four bytes', forLoad({ aid: bytes(4) }), 0x6a80],
  ['a package’s name of sixteen bytes', forLoad({ aid: bytes(16) }), 0x6a80],
  ['a package named like the card manager', forLoad({ aid: ISSUER_DOMAIN_AID }), 0x6985],
  ['a package named like a program', forLoad({ aid: PURSE_AID }), 0x6985],
  ['four fields', installing(INSTALL_FOR.load, OTHER, none, none, none), 0x6a80],
  ['six fields', installing(INSTALL_FOR.load, OTHER, none, none, none, none, none), 0x6a80],
  ['a field longer than the command', manage(GP_INS.install, 2, 0, unhex('07f04b4f5a454e480000000005aa')), 0x6a80],
  ['a field cut off', manage(GP_INS.install, 2, 0, unhex('07f04b4f5a454e4800000000010203').slice(0, -2)), 0x6a80],
  ['another P2', manage(GP_INS.install, 2, 1, forLoad({}).data), 0x6a86],
  ['no purpose', manage(GP_INS.install, 0, 0, forLoad({}).data), 0x6a86],
  ['several purposes', manage(GP_INS.install, 0x0e, 0, forLoad({}).data), 0x6a86],
  ['a program of no package', forInstall({ from: OTHER }), 0x6a88],
  ['a program of another module', forInstall({ module: bytes(8) }), 0x6a88],
  ['a program with privileges', forInstall({ privileges: Uint8Array.of(0, 4) }), 0x6a80],
  ['a program with a token', forInstall({ token: bytes(1) }), 0x6a80],
  ['a program’s name of four bytes', forInstall({ aid: bytes(4) }), 0x6a80],
  ['a program’s name of seventeen bytes', forInstall({ aid: bytes(17) }), 0x6a80],
  ['a program named like the card manager', forInstall({ aid: ISSUER_DOMAIN_AID }), 0x6985],
  ['a program named like a package', forInstall({ aid: PURSE_PACKAGE_AID }), 0x6985],
  ['a program with five fields', installing(INSTALL_FOR.installAndSelect, none, none, none, none, none), 0x6a80],
  ['personalization of nobody', installForPersonalization(OTHER), 0x6a88],
  ['personalization with two fields', installing(INSTALL_FOR.personalization, none, none), 0x6a80],
  ['a block without a load', load(0, 0, bytes(20)), 0x6985],
  ['data for no program', storeData(bytes(3), 0, true), 0x6985],
  ['DELETE with another P1', manage(GP_INS.delete, 1, 0, deleteContent(PURSE_AID).data), 0x6a86],
  ['DELETE with another P2', manage(GP_INS.delete, 0, 0x81, deleteContent(PURSE_AID).data), 0x6a86],
  ['DELETE of nothing', manage(GP_INS.delete, 0, 0), 0x6a80],
  ['DELETE of what is not there', deleteContent(OTHER), 0x6a88],
  ['DELETE of a key version of two bytes', manage(GP_INS.delete, 0, 0, unhex('d2020001')), 0x6a80],
  ['DELETE of a key version that is not there', manage(GP_INS.delete, 0, 0, unhex('d20105')), 0x6a88],
  ['DELETE of data that are no objects', manage(GP_INS.delete, 0, 0, unhex('4fff')), 0x6a80],
  ['DELETE of the package of a program', deleteContent(PURSE_PACKAGE_AID), 0x6985],
  ['SET STATUS of something else', manage(GP_INS.setStatus, 0x60, 0x0f), 0x6a86],
  ['SET STATUS of nobody', setStatus({ program: OTHER }, 0x80), 0x6a88],
  ['SET STATUS to no state', setStatus({ program: PURSE_AID }, 0x03), 0x6a80],
  ['GET STATUS of another list', manage(GP_INS.getStatus, 0x30, 2, unhex('4f00')), 0x6a86],
  ['GET STATUS in another form', manage(GP_INS.getStatus, 0x40, 0, unhex('4f00')), 0x6a86],
  ['GET STATUS without a name', manage(GP_INS.getStatus, 0x40, 2), 0x6a80],
  ['PUT KEY from another number', { ...putKeys(fastCrypto, CARD_KEYS, CARD_KEYS, 2), p2: 1 }, 0x6a86],
  ['PUT KEY of version 0', putKeys(fastCrypto, CARD_KEYS, CARD_KEYS, 0), 0x6a80],
  ['PUT KEY of version 128', putKeys(fastCrypto, CARD_KEYS, CARD_KEYS, 128), 0x6a80],
  ['PUT KEY in place of none', putKeys(fastCrypto, CARD_KEYS, CARD_KEYS, 2, 9), 0x6a88],
  ['PUT KEY with keys of two lengths', putKeys(fastCrypto, CARD_KEYS, { ...CARD_KEYS, mac: bytes(32) }, 2), 0x6a80],
  [
    'PUT KEY with a last key of another length',
    putKeys(fastCrypto, CARD_KEYS, { ...CARD_KEYS, dataEncryption: bytes(24) }, 2),
    0x6a80,
  ],
  ['PUT KEY of nothing', manage(GP_INS.putKey, 0, 0x81), 0x6a80],
  ['an instruction of no channel', manage(GP_INS.initializeUpdate, 0, 0, bytes(8)), 0x6d00],
] as const)('%s is refused', (_, command, statusWord) => {
  const { host, memory } = managed()
  const { bytes: before } = memory.wear
  expect(host.send(command)).toEqual({ data: none, statusWord })
  expect(memory.wear.bytes).toBe(before)
})

test.each([
  ['a package’s name of five bytes', forLoad({ aid: bytes(5) })],
  ['a package’s name of fifteen', forLoad({ aid: bytes(15) })],
  ['no domain, which is the issuer’s', forLoad({ domain: none })],
  ['a hash', forLoad({ hash: bytes(32) })],
  ['parameters that say nothing here', forLoad({ parameters: bytes(3) })],
  ['a program’s name of five bytes', forInstall({ aid: bytes(5) })],
  ['a program’s name of sixteen', forInstall({ aid: bytes(16) })],
  ['three bytes of no privileges', forInstall({ privileges: bytes(3).fill(0) })],
  ['a program’s parameters', forInstall({ parameters: bytes(3) })],
  ['a program locked', setStatus({ program: PURSE_AID }, 0x87)],
  ['a program deleted', deleteContent(PURSE_AID)],
])('%s: taken, and confirmed', (_, command) => {
  const { data, statusWord } = managed().host.send(command)
  expect(statusWord).toBe(0x9000)
  expect(data).toEqual(command.ins === GP_INS.setStatus ? none : Uint8Array.of(0))
})

test('INITIALIZE UPDATE wants eight bytes, P2 zero and a key version that is there', () => {
  const host = new Host(chipOf(silicon.copy()))
  host.chip.powerOn()
  expect(host.plain(initializeUpdate(bytes(7))).statusWord).toBe(0x6700)
  expect(host.plain({ ...initializeUpdate(bytes(8)), p2: 1 }).statusWord).toBe(0x6a86)
  expect(host.plain(initializeUpdate(bytes(8), 3)).statusWord).toBe(0x6a88)
  expect(host.plain(initializeUpdate(bytes(8), 1)).statusWord).toBe(0x9000)
  expect(host.plain(commandApdu(0x84, GP_INS.externalAuthenticate, 0x33, 1, bytes(16))).statusWord).toBe(0x6a86)
})

const small = (name: Bytes) => released(assembled({ body: body(0x41, 1, 0x0b) }), name)

test('a load of more than 256 blocks counts them around', () => {
  const padded = assembled({ body: concat(body(0x41, 1), new Uint8Array(400).fill(1), Uint8Array.of(0x0b)) })
  const many = released(padded, OTHER)
  const { host } = managed()
  expect(host.send(installForLoad(fastCrypto, many)).statusWord).toBe(0x9000)
  const [head, ...rest] = loadBlocks(many, 110)
  const tail = concat(...rest.map(({ data }) => data))
  const single = Array.from(tail, (_, i) =>
    load(i === tail.length - 1 ? 0x80 : 0, (i + 1) & 0xff, tail.slice(i, i + 1)),
  )
  expect(single.length).toBeGreaterThan(256)
  for (const command of [head ?? expect.fail('a block'), ...single]) expect(host.send(command).statusWord).toBe(0x9000)
})

test('a block with another P1, a first block that is no load file, and a module one byte longer than it says end the load', () => {
  const blocks = loadBlocks(file, 1000).map(({ data }) => data)
  const [whole = none] = blocks
  for (const [command, statusWord] of [
    [load(0x40, 0, whole), 0x6a86],
    [load(0, 0, unhex('c40100')), 0x6a80],
    [load(0x80, 0, concat(whole, Uint8Array.of(0))), 0x6a80],
    [load(0x80, 0, whole.slice(0, -1)), 0x6a80],
  ] as const) {
    const { host } = managed()
    expect(host.send(installForLoad(fastCrypto, file)).statusWord).toBe(0x9000)
    expect(host.send(command).statusWord).toBe(statusWord)
    expect(host.send(load(0x80, 0, whole)).statusWord).toBe(0x6985)
  }
})

test('a fourth package finds no room, and each of three keeps its own', () => {
  const { host } = managed()
  const names = [1, 2, 3].map(number => concat(OTHER, Uint8Array.of(number)))
  const answers = names.map(name => {
    const first = host.send(installForLoad(fastCrypto, small(name))).statusWord
    return first === 0x9000
      ? loadBlocks(small(name), 1000)
          .map(block => host.send(block).statusWord)
          .at(-1)
      : first
  })
  expect(answers).toEqual([0x9000, 0x9000, 0x6a84])
  expect(host.send(getStatus(LISTED.loadFiles)).statusWord).toBe(0x9000)
  expect(host.plain(selectCommand(PURSE_AID)).statusWord).not.toBe(0x6581)
})

type Listed = (typeof LISTED)[keyof typeof LISTED]

test('what a chip is, is told byte by byte: issuer, number, and the life that its foundry gave it', () => {
  const { host } = managed()
  const told = (tag: number): string => hex(host.send(getData(tag)).data)
  expect(told(GP_TAG.issuerNumber)).toBe(`42${'06'}${hex(utf8('KOZENI'))}`)
  const life = `0000${'0001'}000000000000${CHIP}${'00'.repeat(24)}`
  expect(told(GP_TAG.productionLife)).toBe(`9f7f2a${life}`)
  const list = (listed: Listed): Bytes[] => readTlvs(host.send(getStatus(listed)).data)?.map(({ value }) => value) ?? []
  const modules = (listed: Listed) => list(listed).map(row => valueOf(readTlvs(row), 0x84))
  expect(modules(LISTED.loadFiles)).toEqual([undefined])
  expect(modules(LISTED.loadFilesAndModules)).toEqual([moduleAid(PURSE_PACKAGE_AID)])
})

test('a module of the largest size is loaded; a block that brings more than was announced ends the load', () => {
  const empty = assembled({ body: body(0x41, 1, 0x0b) })
  const filled = (size: number): Bytes =>
    assembled({ body: concat(body(0x41, 1), new Uint8Array(size - empty.length).fill(1), Uint8Array.of(0x0b)) })
  const exact = filled(MODULE_BYTES_MAX - 4) // two counts of what is in it grow by two bytes each
  const large = released(concat(exact, new Uint8Array(MODULE_BYTES_MAX - exact.length)), OTHER)
  const { host } = managed()
  expect(host.send(installForLoad(fastCrypto, large)).statusWord).toBe(0x9000)
  const [first = expect.fail('a block')] = loadBlocks(large, 1000)
  expect(host.send(first).statusWord).toBe(0x9000)
  const blocks = loadBlocks(small(OTHER), 100)
  expect(host.send(installForLoad(fastCrypto, small(OTHER))).statusWord).toBe(0x9000)
  const [head, tail] = [blocks[0] ?? first, blocks.at(-1) ?? first]
  expect(host.send(head).statusWord).toBe(0x9000)
  expect(host.send({ ...tail, p1: 0, p2: 1, data: concat(tail.data, bytes(400)) }).statusWord).toBe(0x6a80)
})

test('without a hash that was announced the signature alone vouches for a module', () => {
  const { host } = managed()
  expect(host.send(forLoad({})).statusWord).toBe(0x9000)
  const answers = loadBlocks(small(OTHER), 1000).map(block => host.send(block).statusWord)
  expect(answers.at(-1)).toBe(0x9000)
  expect(host.send(forLoad({ hash: bytes(32) })).statusWord).toBe(0x9000)
  expect(loadBlocks(small(OTHER), 1000).map(block => host.send(block).statusWord)).toContain(0x6a80)
})

test('an INSTALL of whatever kind ends the load and the personalisation that were going on', () => {
  const [first = expect.fail('a block')] = loadBlocks(small(OTHER), 1000)
  for (const other of [forLoad({ token: bytes(1) }), deleteContent(OTHER)]) {
    const { host } = managed()
    expect(host.send(installForLoad(fastCrypto, small(OTHER))).statusWord).toBe(0x9000)
    expect(host.send(other).statusWord).not.toBe(0x9000)
    expect(host.send(first).statusWord).toBe(0x6985)
    expect(host.send(installForPersonalization(PURSE_AID)).statusWord).toBe(0x9000)
    expect(host.send(other).statusWord).not.toBe(0x9000)
    expect(host.send(storeData(bytes(3), 0, true)).statusWord).toBe(0x6985)
  }
})

test('of several programs, each is locked, deleted and asked by itself', () => {
  const { host } = managed()
  const [second, third] = [concat(PURSE_AID, Uint8Array.of(2)), concat(PURSE_AID, Uint8Array.of(3))]
  expect(host.send(forInstall({ aid: second })).statusWord).toBe(0x9000)
  expect(host.send(setStatus({ program: second }, 0x87)).statusWord).toBe(0x9000)
  expect(host.send(installForPersonalization(PURSE_AID)).statusWord).toBe(0x9000)
  expect(host.send(installForPersonalization(second)).statusWord).toBe(0x6985)
  expect(host.send(forInstall({ aid: third })).statusWord).toBe(0x6a84)
  expect(host.send(deleteContent(PURSE_AID)).statusWord).toBe(0x9000)
  expect(host.has(LISTED.programs, second)).toBe(true)
  expect(host.has(LISTED.programs, PURSE_AID)).toBe(false)
})

test('a program’s store is empty when it is installed, whatever lay there', () => {
  const before = silicon.copy()
  openRecordStore(before, storeArea(1)).write(4, bytes(30))
  const { host, memory } = managed(before)
  expect(host.send(forInstall({})).statusWord).toBe(0x9000)
  expect(openRecordStore(memory, storeArea(1)).read(4)).toBeUndefined()
})

test('a chip that is opened again forgets what an earlier channel began', () => {
  const [first = expect.fail('a block')] = loadBlocks(small(OTHER), 1000)
  const { host } = managed()
  expect(host.send(installForLoad(fastCrypto, small(OTHER))).statusWord).toBe(0x9000)
  expect(host.open()).toBe(0x9000)
  expect(host.send(first).statusWord).toBe(0x6985)
})

test('key sets have versions from 1 to 127, and the one that is replaced is found among several', () => {
  const { host } = managed()
  for (const [version, replaces] of [
    [127, 0],
    [3, 0],
    [4, 127],
  ] as const)
    expect(host.send(putKeys(fastCrypto, CARD_KEYS, CARD_KEYS, version, replaces)).statusWord).toBe(0x9000)
  expect(host.send(deleteKeys(3)).statusWord).toBe(0x9000)
  expect(host.send(putKeys(fastCrypto, CARD_KEYS, NEXT, 5, 4)).statusWord).toBe(0x9000)
  expect(host.open(SECURITY_LEVEL.bothSecret, NEXT, 5)).toBe(0x9000)
  expect(host.send(deleteKeys(1)).statusWord).toBe(0x9000)
  expect(host.send(putKeys(fastCrypto, NEXT, CARD_KEYS, 1)).statusWord).toBe(0x9000)
})
