/** What every vault must do, whatever guards its keys. */
import { hex, utf8 } from '@kozeni/base/bytes'
import { type ChipId, id, type PurseId, type StoreId } from '@kozeni/base/ids'
import type { Crypto } from '@kozeni/protocol/crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SigningPurpose, Vault } from './vault.ts'

const purse = id<PurseId>('0000000000000001')
const other = id<PurseId>('0000000000000002')
const PURPOSES: readonly SigningPurpose[] = ['certificates', 'load-files', 'audit']

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

  test(`${name}: the same content sealed twice is two tokens`, async () => {
    const vault = await open()
    expect(vault.sealToken('contact', utf8('a'))).not.toEqual(vault.sealToken('contact', utf8('a')))
  })
}
