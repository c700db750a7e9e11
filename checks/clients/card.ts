/**
 * The card that stock clients meet: blank from a foundry, with keys that everybody may know, in vsmartcard's virtual
 * reader. Writes the purse's load file beside it (argument 1), as the issuer would hand it out. Only for `npm run clients`.
 */
import { writeFileSync } from 'node:fs'
import { SeededDice } from '@kozeni/base/dice'
import { id } from '@kozeni/base/ids'
import { Chip } from '@kozeni/chip/chip'
import { forge } from '@kozeni/chip/foundry'
import { CHIP_BYTES } from '@kozeni/chip/memory-map'
import { insertIntoVpcd } from '@kozeni/chip/serve-tcp'
import { MemorySilicon } from '@kozeni/chip/silicon-memory'
import { builtPurse } from '@kozeni/program/compile-node'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { ISSUER_DOMAIN_AID } from '@kozeni/protocol/globalplatform'
import { encodeLoadFile, loadFileMessage } from '@kozeni/protocol/loadfile'
import { PURSE_PACKAGE_AID } from '@kozeni/protocol/purse'

const [path = ''] = process.argv.slice(2)
const dice = new SeededDice(1)
const loadKey = crypto.generate(dice)

/** 10 11 12 …, 20 21 22 …, 30 31 32 …: load_file.py has the same. */
const key = (first: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, i) => first + i)

const released = { packageAid: PURSE_PACKAGE_AID, module: await builtPurse() }
const signature = crypto.sign(loadKey, loadFileMessage(crypto, released))
writeFileSync(path, encodeLoadFile(ISSUER_DOMAIN_AID, { ...released, signature }))

const silicon = new MemorySilicon(CHIP_BYTES)
forge(silicon, {
  chip: id('0102030405060708'),
  chipClass: 'software',
  cardKeys: { encryption: key(0x10), mac: key(0x20), dataEncryption: key(0x30) },
  loadKey: crypto.publicKey(loadKey),
})
await insertIntoVpcd(new Chip({ silicon, crypto, dice }))
