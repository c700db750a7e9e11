import { type Bytes, concat, hex, unhex } from '@kozeni/base/bytes'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import vectors from '../../../vectors/scp03.json' with { type: 'json' }
import { encodeCommand } from './apdu.ts'
import { nodeCrypto } from './crypto-node.ts'
import {
  chipIdOf,
  deleteContent,
  getStatus,
  ISSUER_DOMAIN_AID,
  installAndMakeSelectable,
  installForLoad,
  installForPersonalization,
  keyCheck,
  LISTED,
  loadBlocks,
  putKeys,
  readStatus,
  selectIssuerDomain,
} from './globalplatform.ts'
import { encodeLoadFile, type LoadFile, loadFileMessage, readLoadFileHead } from './loadfile.ts'
import { PURSE_AID, PURSE_PACKAGE_AID } from './purse.ts'
import { readTlvs, tlv } from './tlv.ts'

const file: LoadFile = {
  packageAid: PURSE_PACKAGE_AID,
  module: Uint8Array.from({ length: 700 }, (_, i) => i),
  signature: new Uint8Array(64).fill(0x55),
}

const spelled = (command: Parameters<typeof encodeCommand>[0]): string =>
  hex(encodeCommand({ ...command, expected: 256 }))

test('commands are spelled as the card specification spells them', () => {
  expect(spelled(selectIssuerDomain())).toBe('00a4040008a00000015100000000')
  expect(spelled(getStatus(LISTED.programs))).toBe('80f24002024f0000')
  expect(spelled(deleteContent(PURSE_AID))).toBe('80e400000a4f08f04b4f5a454e490100')
  expect(spelled(deleteContent(PURSE_PACKAGE_AID, true))).toBe('80e40080094f07f04b4f5a454e4900')
  expect(spelled(installForPersonalization(PURSE_AID))).toBe(
    '80e620000e' + '0000' + '08f04b4f5a454e4901' + '000000' + '00',
  )
  expect(spelled(installAndMakeSelectable(PURSE_PACKAGE_AID, PURSE_AID))).toBe(
    '80e60c0020' + '07f04b4f5a454e49' + '08f04b4f5a454e4901' + '08f04b4f5a454e4901' + '0100' + '02c900' + '00' + '00',
  )
  expect(spelled(installForLoad(nodeCrypto, file))).toBe(
    `80e6020034${'07f04b4f5a454e49'}${'08a000000151000000'}20${hex(nodeCrypto.sha256(file.module))}000000`,
  )
})

test.each(vectors.keyCheck)('a key’s check value is as published: $source', ({ key, value }) => {
  expect(hex(keyCheck(nodeCrypto, unhex(key)))).toBe(value)
})

test('PUT KEY carries three keys, each enciphered and with its check value', () => {
  const [encryption = '', mac = '', dataEncryption = ''] = vectors.keyCheck.map(({ key }) => key)
  const keys = { encryption: unhex(encryption), mac: unhex(mac), dataEncryption: unhex(dataEncryption) }
  const { p1, p2, data } = putKeys(nodeCrypto, keys, keys, 0x30, 0x20)
  expect([p1, p2, data[0], data.length]).toEqual([0x20, 0x81, 0x30, 1 + 3 * (2 + 17 + 4)])
  expect(vectors.keyCheck.map((_, i) => hex(data.slice(21 + 23 * i, 24 + 23 * i)))).toEqual(
    vectors.keyCheck.map(({ value }) => value),
  )
})

test('a load file put together again from its blocks is the load file, whatever their size', () => {
  for (const size of [100, 239, 1000, 5000]) {
    const blocks = loadBlocks(file, size)
    const whole = concat(...blocks.map(({ data }) => data))
    expect(whole).toEqual(encodeLoadFile(ISSUER_DOMAIN_AID, file))
    expect(blocks.map(({ p1, p2 }) => [p1, p2])).toEqual(blocks.map((_, i) => [i === blocks.length - 1 ? 0x80 : 0, i]))
    const head = readLoadFileHead(blocks[0]?.data ?? whole) ?? expect.fail('in the first block')
    expect(whole.slice(head.moduleAt)).toEqual(file.module)
    expect([head.moduleBytes, hex(head.signature)]).toEqual([700, hex(file.signature)])
  }
})

test('what is signed names the package, and depends on every byte of the module', () => {
  const message = loadFileMessage(nodeCrypto, file)
  expect(hex(message)).toBe(
    `${hex(new TextEncoder().encode('kozeni load file'))}0007f04b4f5a454e49${hex(nodeCrypto.sha256(file.module))}`,
  )
  expect(loadFileMessage(nodeCrypto, { ...file, packageAid: PURSE_AID })).not.toEqual(message)
})

const objects = fc.array(
  fc.record({
    tag: fc.constantFrom(0x4f, 0x84, 0xc4, 0xe3, 0x9f70, 0x5f20),
    value: fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ minLength: 120, maxLength: 300 })),
  }),
  { maxLength: 5 },
)

test('data objects are read as they were written', () => {
  fc.assert(
    fc.property(objects, list => {
      expect(readTlvs(concat(...list.map(({ tag, value }) => tlv(tag, value))))).toEqual(
        list.map(({ tag, value }) => expect.objectContaining({ tag, value })),
      )
    }),
  )
})

test('no bytes bring the readers of answers down; what is cut off is not read', () => {
  const whole = tlv(0xe3, tlv(0x4f, PURSE_AID), tlv(0x9f70, Uint8Array.of(7)))
  expect(readStatus(whole)).toHaveLength(1)
  for (let cut = 1; cut < whole.length; cut++) expect(readStatus(whole.slice(0, cut))).toBeUndefined()
  const any = (bytes: Bytes): void =>
    void [readStatus(bytes), chipIdOf(bytes), readLoadFileHead(bytes), readTlvs(bytes)]
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom('', '45', 'e381', 'e2'), (bytes, before) => {
      any(concat(unhex(before), bytes))
    }),
    { numRuns: 2000 },
  )
})
