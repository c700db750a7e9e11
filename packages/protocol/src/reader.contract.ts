/** What every reader must do, however it reaches its chip. The chip is one that answers SELECT of the card manager. */
import { type Bytes, hex, unhex } from '@kozeni/base/bytes'
import { expect, test } from 'vitest'
import { encodeCommand } from './apdu.ts'
import { GP_TAG, getData, selectIssuerDomain } from './globalplatform.ts'
import type { Reader } from './reader.ts'

/** A reader with a chip before it, and what a person at the counter can do to them. */
export interface Bench {
  readonly reader: Reader
  /** The chip loses power at the next byte that it stores; @returns a command that stores. */
  cutPower(): Promise<Bytes>
  /** The chip goes away, for good. */
  takeAway(): Promise<void>
}

export function readerContract(name: string, set: () => Promise<Bench>): void {
  test(`${name}: finds the chip, and brings whole answers, also long ones and those of a short Le`, async () => {
    const { reader } = await set()
    expect(await reader.connect()).toBe(true)
    const answer = await reader.transmit(encodeCommand(selectIssuerDomain()))
    expect(answer && hex(answer.slice(-2))).toBe('9000')
    const whole = await reader.transmit(encodeCommand(getData(GP_TAG.productionLife)))
    expect(await reader.transmit(unhex('80ca9f7f05'))).toEqual(whole)
    await reader.disconnect()
  })

  test(`${name}: a new contact begins with nothing selected before`, async () => {
    const { reader } = await set()
    await reader.connect()
    const challenge = unhex('80500000080102030405060708')
    const first = await reader.transmit(challenge)
    expect(await reader.connect()).toBe(true)
    const second = await reader.transmit(challenge)
    expect(first && second && hex(first) !== hex(second)).toBe(true)
    await reader.disconnect()
  })

  test(`${name}: does not know what a chip did that lost power, and finds it again`, async () => {
    const bench = await set()
    await bench.reader.connect()
    expect(await bench.reader.transmit(await bench.cutPower())).toBeUndefined()
    expect(await bench.reader.transmit(encodeCommand(selectIssuerDomain()))).toBeUndefined()
    expect(await bench.reader.connect()).toBe(true)
    expect(await bench.reader.transmit(encodeCommand(selectIssuerDomain()))).toBeDefined()
    await bench.reader.disconnect()
  })

  test(`${name}: says so when there is no chip, or no contact`, async () => {
    const bench = await set()
    expect(await bench.reader.transmit(encodeCommand(selectIssuerDomain()))).toBeUndefined()
    await bench.takeAway()
    expect(await bench.reader.connect()).toBe(false)
    expect(await bench.reader.transmit(encodeCommand(selectIssuerDomain()))).toBeUndefined()
    await bench.reader.disconnect()
  })
}
