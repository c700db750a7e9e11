/** What every vault must do, whatever guards its keys. */
import { concat, equal, hex, utf8 } from '@kozeni/base/bytes'
import { type ChipId, id, idBytes, idFromNumber, type PurseId, type StoreId } from '@kozeni/base/ids'
import type { Crypto } from '@kozeni/protocol/crypto'
import { type Receipt, receipt, receiptMac, SIGNED_RECEIPT_BYTES } from '@kozeni/protocol/debit'
import { Receipts } from '@kozeni/protocol/receipts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SigningPurpose, Vault } from './vault.ts'

const purse = id<PurseId>('0000000000000001')
const other = id<PurseId>('0000000000000002')
const PURPOSES: readonly SigningPurpose[] = ['certificates', 'load-files', 'audit']

const at = (field: keyof Receipt): number => receipt.layout.find(({ name }) => name === field)?.at ?? 0
const KEY_VERSION_AT = at('keyVersion')
const PURSE_AT = at('purse')

/** @param open  the same vault again each time */
export function vaultContract(name: string, crypto: Crypto, open: () => Promise<Vault>): void {
  test(`${name}: two versions of a purse’s keys from the first day, the newest named, others unknown`, async () => {
    const vault = await open()
    expect(vault.keyVersion).toBe(2)
    expect(vault.purseKeys(1, purse)?.version).toBe(1)
    expect(vault.purseKeys(2, purse)?.version).toBe(2)
    for (const version of [0, 3, -1, 1.5]) expect(vault.purseKeys(version, purse)).toBeUndefined()
  })

  test(`${name}: every key is another one, by version, purse, chip, store, generation and window`, async () => {
    const vault = await open()
    const seeds = [1, 2].flatMap(generation =>
      [1, 2].map(window => vault.seed({ store: id<StoreId>('0000000000000003'), generation, window })),
    )
    const all = [
      ...[1, 2].flatMap(version =>
        [purse, other].flatMap(one => {
          const keys = vault.purseKeys(version, one)
          return keys ? [keys.mac, keys.encryption, keys.receipt] : []
        }),
      ),
      ...Object.values(vault.cardKeys(id<ChipId>('0000000000000001'))),
      ...Object.values(vault.cardKeys(id<ChipId>('0000000000000002'))),
      ...seeds,
      ...PURPOSES.map(vault.publicKey),
    ].map(hex)
    expect(new Set(all).size).toBe(12 + 6 + 4 + 3)
  })

  test(`${name}: opened again it has the same keys`, async () => {
    const [one, two] = [await open(), await open()]
    expect(two.purseKeys(2, purse)).toEqual(one.purseKeys(2, purse))
    expect(PURPOSES.map(two.publicKey)).toEqual(PURPOSES.map(one.publicKey))
    expect(two.openToken('contact', one.sealToken('contact', utf8('memory')))).toEqual(utf8('memory'))
  })

  test(`${name}: what it signs for one purpose verifies for that purpose alone`, async () => {
    const vault = await open()
    const signature = vault.sign('certificates', utf8('body'))
    expect(crypto.verify(vault.publicKey('certificates'), utf8('body'), signature)).toBe(true)
    expect(crypto.verify(vault.publicKey('audit'), utf8('body'), signature)).toBe(false)
  })

  test(`${name}: a token opens under its label alone, and not with one bit changed, cut or lengthened`, async () => {
    const vault = await open()
    const token = vault.sealToken('contact', utf8('memory of a contact'))
    expect(vault.openToken('contact', token)).toEqual(utf8('memory of a contact'))
    expect(vault.openToken('other', token)).toBeUndefined()
    expect(vault.openToken('contact', new Uint8Array([...token, 0]))).toBeUndefined()
    fc.assert(
      fc.property(fc.nat({ max: 8 * token.length - 1 }), bit => {
        const changed = token.slice()
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(vault.openToken('contact', changed)).toBeUndefined()
        expect(vault.openToken('contact', token.slice(0, bit >> 3))).toBeUndefined()
      }),
    )
  })

  test(`${name}: a MAC is right when its purse’s own key made it, in few receipts and in many, whatever was asked before`, async () => {
    const vault = await open()
    const bytes = new Uint8Array(SIGNED_RECEIPT_BYTES)
    const wanted = (receipts: Receipts, i: number): number => {
      const body = receipts.body(i)
      const purse = receipts.purse(i) > 0n ? idFromNumber<PurseId>(receipts.purse(i)) : other
      const key = vault.purseKeys(receipts.keyVersion(i), purse)?.receipt
      return key !== undefined && equal(receiptMac(crypto, key, body), receipts.mac(i)) ? 1 : 0
    }
    // names whose keys are kept in one place, and versions that there are and are not
    const made = fc.record({
      high: fc.constantFrom(1, 2, 3),
      version: fc.constantFrom(1, 2, 2, 3, 0),
      wrong: fc.nat({ max: 3 }),
    })
    const uploads = fc.oneof(fc.array(made, { maxLength: 20 }), fc.array(made, { minLength: 50, maxLength: 80 }))
    await fc.assert(
      fc.asyncProperty(uploads, async upload => {
        const whole = upload.map(({ high, version, wrong }) => {
          const name = idFromNumber<PurseId>((BigInt(high) << 48n) | 7n)
          const body = bytes.slice(0, receipt.size)
          body[KEY_VERSION_AT] = version
          body.set(idBytes(name), PURSE_AT)
          const mac = receiptMac(crypto, vault.purseKeys(version, name)?.receipt ?? bytes.slice(0, 32), body)
          if (wrong === 0) mac[0] = 1 ^ (mac[0] ?? 0)
          return concat(body, bytes.slice(0, 64), mac)
        })
        const receipts = new Receipts(concat(...whole))
        const right = await vault.rightMacs(receipts)
        expect([...right]).toEqual(whole.map((_, i) => wanted(receipts, i)))
      }),
    )
  })

  test(`${name}: the same content sealed twice is two tokens`, async () => {
    const vault = await open()
    expect(vault.sealToken('contact', utf8('a'))).not.toEqual(vault.sealToken('contact', utf8('a')))
  })
}
