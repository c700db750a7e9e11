/** A sale of which only pictures travel: three frames carry the same bytes as a contact, and the same chip answers the same. */

import { fromBase64url } from '@kozeni/base/bytes'
import { money } from '@kozeni/base/money'
import { decodeResponse, encodeCommand } from '@kozeni/protocol/apdu'
import { introduceData, readFrame, writeFrame } from '@kozeni/protocol/camera'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import {
  acquaintance,
  answers,
  debitRequest,
  introduction,
  readReceipt,
  SIGNED_RECEIPT_BYTES,
  signRequest,
} from '@kozeni/protocol/debit'
import { greeting, INS, purseCommand } from '@kozeni/protocol/purse'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { select } from './card.ts'
import { CounterForTests, JPY, START_SECONDS, TERMINAL } from './counter-for-tests.ts'

/** What the other device's camera makes of a frame. */
const seen = <T>(read: T | undefined): T => read ?? expect.fail('a frame reads as one')

test('phone, terminal, phone: three frames are a whole sale, with the bytes of a contact', () => {
  const counter = new CounterForTests(crypto)
  const chip = counter.chip(1, 1000n)
  const tell = (ins: number, data: Uint8Array) => decodeResponse(chip.process(encodeCommand(purseCommand(ins, data))))
  const terms = fromBase64url(counter.center.says.certificate) ?? expect.fail('a certificate')

  // the phone knows its purse's certificate, and asks its own chip where it stands
  const { challenge } = seen(greeting.read(seen(decodeResponse(chip.process(select))).data))
  const first = readFrame(
    writeFrame({ frame: 'purse', body: { challenge, certificate: chip.certificate, seq: chip.seq } }),
  )
  if (first?.frame !== 'purse') expect.fail('the phone shows its purse')

  const request = {
    ...({ version: 1, type: 'debit-request', direction: 'to-chip', purse: chip.purse, keyVersion: 0 } as const),
    ...{ seq: first.body.seq, amount: money(300n), currency: JPY, terminal: TERMINAL, sale: 1, time: START_SECONDS },
  }
  const hello = introduction.write({
    ...({ version: 1, type: 'introduction', direction: 'to-chip', terminal: TERMINAL } as const),
    challenge: first.body.challenge,
  })
  const shown = {
    certificate: terms,
    introduction: crypto.sign(counter.key, hello),
    request: signRequest(crypto, counter.key, request),
  }
  const second = readFrame(writeFrame({ frame: 'request', body: shown }))
  if (second?.frame !== 'request') expect.fail('the terminal shows its request')

  // the holder sees amount and store in it, and agrees
  expect(debitRequest.read(second.body.request.slice(0, debitRequest.size))).toMatchObject({ amount: 300n })
  const met = seen(tell(INS.introduce, introduceData(second.body)))
  expect(acquaintance.read(met.data)?.certificate).toEqual(first.body.certificate)
  const receipt = seen(tell(INS.debit, second.body.request)).data
  const third = readFrame(writeFrame({ frame: 'receipt', body: { receipt } }))
  if (third?.frame !== 'receipt') expect.fail('the phone shows the receipt')
  expect(answers(request, seen(readReceipt(third.body.receipt)).receipt)).toBe(true)
  expect(chip.value).toBe(700n)
})

test('whatever else a camera sees is no frame: other codes, other versions, frames cut short', () => {
  const whole = writeFrame({ frame: 'receipt', body: { receipt: new Uint8Array(SIGNED_RECEIPT_BYTES) } })
  expect(readFrame(whole)).toBeDefined()
  for (const text of ['', 'https://example.com', whole.replace('1', '2'), whole.slice(0, -4), `${whole}.`])
    expect(readFrame(text)).toBeUndefined()
  fc.assert(
    fc.property(fc.string(), text => {
      expect(readFrame(text)).toBeUndefined()
      expect(readFrame(`KOZENI1.purse.${text}`)).toBeUndefined()
    }),
  )
})
