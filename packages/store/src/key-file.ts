/**
 * The store's own signing key in a file that only its owner may read: 32 bytes in hexadecimal. Made when there is none.
 * Its public half is registered at the center; the private half goes nowhere.
 */
import { open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Bytes, base64url, hex, isHex, unhex } from '@kozeni/base/bytes'
import { systemDice } from '@kozeni/base/dice'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { syncFolder } from './book-file.ts'

const KEY_DIGITS = 64

/**
 * @param path  its folder must exist
 * @throws      Error when the file holds anything but a key
 */
export async function openKey(path: string): Promise<Bytes> {
  const text = (await readFile(path, 'utf8').catch(absent)) ?? (await makeKey(path))
  const digits = text.trim()
  if (digits.length !== KEY_DIGITS || !isHex(digits)) throw new Error(`${path} holds no key: 64 hexadecimal digits`)
  return unhex(digits)
}

/** What to register at the center: the public half of the key in this file, made if absent, in base64url. */
export const publicKey = async (path: string): Promise<string> => base64url(nodeCrypto.publicKey(await openKey(path)))

function absent(failure: NodeJS.ErrnoException): undefined {
  if (failure.code !== 'ENOENT') throw failure
}

async function makeKey(path: string): Promise<string> {
  const digits = hex(nodeCrypto.generate(systemDice))
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(`${digits}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await syncFolder(dirname(path))
  return digits
}
