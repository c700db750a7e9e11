import { type Bytes, equal, hex, NO_BYTES, unhex } from '@kozeni/base/bytes'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import vectors from '../../../vectors/scp03.json' with { type: 'json' }
import { type CommandApdu, commandApdu, decodeCommand, decodeResponse, encodeCommand, encodeResponse } from './apdu.ts'
import { nobleCrypto } from './crypto-noble.ts'
import { nodeCrypto } from './crypto-node.ts'
import type { CardKeys } from './keys.ts'
import {
  encodeInitialized,
  isSecurityLevel,
  openHost,
  opening,
  SECURITY_LEVEL,
  type SecurityLevel,
  type Session,
  unwrap,
  wrap,
} from './scp03.ts'
import { openCard, unwrapCommand, wrapAnswer } from './scp03-card.ts'

type Vector = (typeof vectors.sessions)[number]

const keysOf = ({ encryption, mac, dataEncryption }: Vector): CardKeys => ({
  encryption: unhex(encryption),
  mac: unhex(mac),
  dataEncryption: unhex(dataEncryption),
})

const parse = (apdu: string): CommandApdu => decodeCommand(unhex(apdu)) ?? expect.fail(apdu)

function opened(vector: Vector): { command: CommandApdu; session: Session } {
  const level = parse(vector.externalAuthenticate).p1
  if (!isSecurityLevel(level)) return expect.fail('a security level')
  const challenge = parse(vector.initializeUpdate).data
  const open = openHost(nodeCrypto, keysOf(vector), challenge, unhex(vector.initialized), level)
  return open ?? expect.fail('the card has the keys')
}

test.each(vectors.sessions)('the host opens the channel and sends as published: $source', vector => {
  const { command, session } = opened(vector)
  expect(hex(encodeCommand(command))).toBe(vector.externalAuthenticate)
  let now = session
  for (const { plain, wrapped, answer, plainAnswer } of vector.commands) {
    const out = wrap(nodeCrypto, now, parse(plain))
    now = out.session
    expect(hex(encodeCommand(out.command))).toBe(wrapped)
    if (answer === undefined) continue
    const back = unwrap(nodeCrypto, now, decodeResponse(unhex(answer)) ?? expect.fail('an answer'))
    expect(back && hex(encodeResponse(back))).toBe(plainAnswer)
  }
})

test.each(vectors.sessions)('the card understands the same channel, and answers as published: $source', vector => {
  const { data } = parse(vector.initializeUpdate)
  const made = opening(nobleCrypto, keysOf(vector), data, unhex(vector.initialized).slice(13, 21))
  let now = openCard(nobleCrypto, made, parse(vector.externalAuthenticate)) ?? expect.fail('the host has the keys')
  for (const { plain, wrapped, answer, plainAnswer } of vector.commands) {
    const inside = unwrapCommand(nobleCrypto, now, parse(wrapped)) ?? expect.fail('made for this channel')
    now = inside.session
    expect(inside.command).toEqual(parse(plain))
    if (answer === undefined || plainAnswer === undefined) continue
    const said = decodeResponse(unhex(plainAnswer)) ?? expect.fail('an answer')
    expect(hex(encodeResponse(wrapAnswer(nobleCrypto, now, said)))).toBe(answer)
  }
})

test.each(vectors.sessionKeys)('session keys are as in $source', ({ session, ...keys }) => {
  const vector = vectors.sessions[session] ?? expect.fail('a session')
  const made = opening(
    nodeCrypto,
    keysOf(vector),
    parse(vector.initializeUpdate).data,
    unhex(vector.initialized).slice(13, 21),
  )
  const { encryption, mac, answerMac } = made.keys
  expect({ encryption: hex(encryption), mac: hex(mac), answerMac: hex(answerMac) }).toMatchObject({
    encryption: keys.encryption,
    mac: keys.mac,
    answerMac: keys.answerMac,
  })
})

const keyBytes = (size: number, fill: number): Bytes => new Uint8Array(size).fill(fill)

function pair(size: number, level: SecurityLevel): { host: Session; card: Session } {
  const keys = { encryption: keyBytes(size, 1), mac: keyBytes(size, 2), dataEncryption: keyBytes(size, 3) }
  const [hostChallenge, challenge] = [keyBytes(8, 4), keyBytes(8, 5)]
  const made = opening(nodeCrypto, keys, hostChallenge, challenge)
  const answer = encodeInitialized({
    diversification: new Uint8Array(10),
    keyVersion: 1,
    options: 0x60,
    challenge,
    cryptogram: made.cardCryptogram,
    sequence: NO_BYTES,
  })
  const open = openHost(nodeCrypto, keys, hostChallenge, answer, level) ?? expect.fail('the card has the keys')
  const card = openCard(nodeCrypto, made, open.command) ?? expect.fail('the host has the keys')
  return { host: open.session, card }
}

const levels = fc.constantFrom(...Object.values(SECURITY_LEVEL))
const sizes = fc.constantFrom(16, 24, 32)
const exchanges = fc.array(
  fc.record({
    data: fc.uint8Array({ maxLength: 300 }),
    answer: fc.uint8Array({ maxLength: 300 }),
    statusWord: fc.constantFrom(0x9000, 0x6310, 0x6a80),
  }),
  { maxLength: 5 },
)

test('what one end sends the other understands, at every level and key size, in any sequence', () => {
  fc.assert(
    fc.property(sizes, levels, exchanges, (size, level, sequence) => {
      let { host, card } = pair(size, level)
      for (const { data, answer, statusWord } of sequence) {
        const sent = commandApdu(0x80, 0xe2, 0x88, 0x01, data)
        const out = wrap(nodeCrypto, host, sent)
        host = out.session
        const inside = unwrapCommand(nodeCrypto, card, out.command) ?? expect.fail('understood')
        card = inside.session
        expect(inside.command).toEqual(sent)
        const said = { data: statusWord === 0x6a80 ? NO_BYTES : answer, statusWord }
        expect(unwrap(nodeCrypto, host, wrapAnswer(nodeCrypto, card, said))).toEqual(said)
      }
    }),
  )
})

test('a command is understood once, in its place, and not with one bit changed', () => {
  const { host, card } = pair(16, 0x33)
  const first = wrap(nodeCrypto, host, commandApdu(0x80, 0xe2, 0, 0, Uint8Array.of(1)))
  const second = wrap(nodeCrypto, first.session, commandApdu(0x80, 0xe2, 0, 1, Uint8Array.of(2)))
  const after = unwrapCommand(nodeCrypto, card, first.command) ?? expect.fail('understood')
  expect(unwrapCommand(nodeCrypto, after.session, first.command)).toBeUndefined()
  expect(unwrapCommand(nodeCrypto, card, second.command)).toBeUndefined()
  for (let bit = 0; bit < 8 * first.command.data.length; bit++) {
    const data = first.command.data.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
    expect(unwrapCommand(nodeCrypto, card, { ...first.command, data })).toBeUndefined()
  }
  for (const changed of [{ cla: 0x80 }, { ins: 0xe4 }, { p1: 1 }, { p2: 1 }])
    expect(unwrapCommand(nodeCrypto, card, { ...first.command, ...changed })).toBeUndefined()
})

test('an answer is believed once, unchanged, and an error only without data', () => {
  const { host, card } = pair(16, 0x33)
  const out = wrap(nodeCrypto, host, commandApdu(0x80, 0xe2, 0, 0))
  const inside = unwrapCommand(nodeCrypto, card, out.command) ?? expect.fail('understood')
  const answer = wrapAnswer(nodeCrypto, inside.session, { data: Uint8Array.of(7), statusWord: 0x9000 })
  expect(unwrap(nodeCrypto, out.session, { ...answer, statusWord: 0x6310 })).toBeUndefined()
  expect(unwrap(nodeCrypto, out.session, { ...answer, statusWord: 0x6a80 })).toBeUndefined()
  expect(unwrap(nodeCrypto, out.session, { data: NO_BYTES, statusWord: 0x9000 })).toBeUndefined()
  const later = wrap(nodeCrypto, out.session, commandApdu(0x80, 0xe2, 0, 1)).session
  expect(unwrap(nodeCrypto, later, answer)).toBeUndefined()
  for (let bit = 0; bit < 8 * answer.data.length; bit++) {
    const data = answer.data.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
    expect(unwrap(nodeCrypto, out.session, { ...answer, data })).toBeUndefined()
  }
})

test('whoever lacks the keys opens nothing, at either end', () => {
  const keys = { encryption: keyBytes(16, 1), mac: keyBytes(16, 2), dataEncryption: keyBytes(16, 3) }
  const other = { ...keys, mac: keyBytes(16, 9) }
  const made = opening(nodeCrypto, keys, keyBytes(8, 4), keyBytes(8, 5))
  const wrong = opening(nodeCrypto, other, keyBytes(8, 4), keyBytes(8, 5))
  const answer = (cryptogram: Bytes): Bytes =>
    encodeInitialized({
      diversification: new Uint8Array(10),
      keyVersion: 1,
      options: 0x60,
      challenge: keyBytes(8, 5),
      cryptogram,
      sequence: NO_BYTES,
    })
  expect(openHost(nodeCrypto, keys, keyBytes(8, 4), answer(wrong.cardCryptogram), 0x33)).toBeUndefined()
  const open = openHost(nodeCrypto, other, keyBytes(8, 4), answer(wrong.cardCryptogram), 0x33) ?? expect.fail('opens')
  expect(openCard(nodeCrypto, made, open.command)).toBeUndefined()
  expect(equal(made.hostCryptogram, wrong.hostCryptogram)).toBe(false)
})
