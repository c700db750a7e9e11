/**
 * Master keys in one sealed file (AES-256-GCM under scrypt of a secret), made at the first start, written whole or not at
 * all, readable by its owner alone. Any number of center processes share it: one changes it at a time, and the others take
 * the change in before it is used (vault-master.ts: newestFrom).
 *
 * What this protects: with KOZENI_VAULT_PASSPHRASE, whoever has the file alone (a backup, a stolen disk) has nothing.
 * Without one, the secret stands in a key file beside it, and whoever has the folder has the keys. In neither case does
 * it protect against whoever reads this process's memory or acts as its user: that takes an HSM.
 */
import { createCipheriv, createDecipheriv, scryptSync } from 'node:crypto'
import { link, mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { assert } from '@kozeni/base/assert'
import { type Bytes, base64url, concat, fromBase64url, fromUtf8, hex, utf8 } from '@kozeni/base/bytes'
import type { Clock } from '@kozeni/base/clock'
import type { Dice } from '@kozeni/base/dice'
import { lockFile } from '@kozeni/base/lock-file'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Crypto } from '@kozeni/protocol/crypto'
import { list, object, optional, parseJson, type Reader, string, whole, word } from '@kozeni/protocol/json'
import { macsOnThreads } from './mac-threads.ts'
import type { Vault } from './vault.ts'
import { DERIVING, freshMasterKeys, type MasterKeys, type Masters, MasterVault, SIGNING } from './vault-master.ts'

export type VaultRefusal =
  | { readonly code: 'vault-damaged'; readonly file: string }
  | { readonly code: 'passphrase-missing'; readonly file: string }
  | { readonly code: 'passphrase-wrong'; readonly file: string }
  | { readonly code: 'key-file-missing'; readonly file: string }
  | { readonly code: 'vault-unusable'; readonly file: string; readonly detail: string }
  | { readonly code: 'vault-busy'; readonly file: string }

export interface VaultOptions {
  readonly file: string
  /** Undefined or empty: a key file beside it, `<file>.key`. */
  readonly passphrase?: string | undefined
  readonly crypto: Crypto
  readonly dice: Dice
  readonly clock: Clock
}

/** A passphrase can be guessed, at 128 MB and a third of a second each; a key file of 32 random bytes cannot. */
const SCRYPT = { passphrase: { N: 1 << 17, r: 8, p: 1 }, 'key-file': { N: 1 << 10, r: 8, p: 1 } } as const
const SCRYPT_MEMORY_BYTES = 256 << 20
const FORMAT = 'kozeni-vault-1'

/** The file's plain part; all of it is authenticated. */
interface Head {
  readonly format: typeof FORMAT
  readonly lock: 'passphrase' | 'key-file'
  readonly scrypt: { readonly N: number; readonly r: number; readonly p: number }
  readonly salt: string
  readonly nonce: string
}

const head: Reader<Head> = object<Head>({
  format: word(FORMAT),
  lock: word('passphrase', 'key-file'),
  scrypt: object({ N: whole, r: whole, p: whole }),
  salt: string,
  nonce: string,
})

/**
 * Opens the vault, or makes it with new keys when there is none.
 *
 * @refuses every VaultRefusal; explainVault has the sentence
 * @spec    PROTOCOL §8
 */
export async function openVault(options: VaultOptions): Promise<Result<Vault, VaultRefusal>> {
  const { file, crypto, dice, clock } = options
  try {
    const content = (await readIfThere(file)) ?? (await make(options))
    const masters = await unsealed(options, content)
    if (!masters.ok) return masters
    return ok(
      new MasterVault(masters.value, {
        crypto,
        dice,
        clock,
        reread: rereading(options),
        rightMacs: macsOnThreads(crypto),
      }),
    )
  } catch (error) {
    if (isSystem(error)) return no({ code: 'vault-unusable', file, detail: error.message })
    throw error
  }
}

/** Reads the file when it is another than at the last time. */
function rereading(options: VaultOptions): () => Promise<Masters | undefined> {
  let known: string | undefined
  return async () => {
    const { ino, mtimeMs, size } = await stat(options.file)
    const now = `${ino} ${mtimeMs} ${size}`
    if (now === known) return undefined
    const masters = await unsealed(options, new Uint8Array(await readFile(options.file)))
    if (!masters.ok) throw new Error(explainVault(masters.refusal))
    known = now
    return masters.value
  }
}

/**
 * Changes what the vault guards: the whole new file stands, or the old one. Processes that have it open follow by themselves.
 *
 * @refuses every VaultRefusal
 */
export async function changeVault(
  options: VaultOptions,
  change: (before: Masters) => Masters,
): Promise<Result<Masters, VaultRefusal>> {
  const { file } = options
  const lock = lockFile(file)
  if (lock === undefined) return no({ code: 'vault-busy', file })
  try {
    const content = await readFile(file)
    const before = await unsealed(options, new Uint8Array(content))
    if (!before.ok) return before
    const after = change(before.value)
    await replace(options, await resealed(options, new Uint8Array(content), after))
    return ok(after)
  } catch (error) {
    if (isSystem(error)) return no({ code: 'vault-unusable', file, detail: error.message })
    throw error
  } finally {
    lock.release()
  }
}

/** Under the same secret, with a new salt and nonce. */
async function resealed(options: VaultOptions, content: Bytes, masters: Masters): Promise<Bytes> {
  const facts = head(parseJson(fromUtf8(content)?.split('\n')[0] ?? ''))
  const secret = facts && (await secretFor(options, facts))
  assert(facts !== undefined && Boolean(secret), 'it was opened just now')
  const { dice } = options
  const fresh = { ...facts, salt: base64url(dice.bytes(16)), nonce: base64url(dice.bytes(12)) }
  return sealed(fresh, secret || new Uint8Array(0), spell(masters))
}

/** The refusal in a plain sentence, and what to do next. */
export function explainVault(refusal: VaultRefusal): string {
  const { code, file } = refusal
  if (code === 'vault-damaged')
    return `The vault ${file} is damaged. Restore it from its backup; no key can be made again.`
  if (code === 'passphrase-missing') return `The vault ${file} has a passphrase. Set KOZENI_VAULT_PASSPHRASE.`
  if (code === 'passphrase-wrong') return `That passphrase does not open the vault ${file}, or the file was changed.`
  if (code === 'key-file-missing')
    return `The vault ${file} was sealed with the key file ${keyFileOf(file)}, which is not there. Put it back.`
  if (code === 'vault-busy') return `Another process is changing the vault ${file}. Try again.`
  return `The vault ${file} cannot be used (${refusal.detail}). Name a folder you may write to.`
}

/** @returns what stands in the file: these new keys, or those of a center that was first */
async function make({ file, passphrase, crypto, dice }: VaultOptions): Promise<Bytes> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const lock = passphrase ? 'passphrase' : 'key-file'
  const fresh = utf8(base64url(dice.bytes(32)))
  const secret = passphrase ? utf8(passphrase) : await writeOnce(keyFileOf(file), fresh, dice)
  const salt = base64url(dice.bytes(16))
  const nonce = base64url(dice.bytes(12))
  const keys = spell({ keys: freshMasterKeys(crypto, dice), newestFrom: 0 })
  const content = sealed({ format: FORMAT, lock, scrypt: SCRYPT[lock], salt, nonce }, secret, keys)
  return await writeOnce(file, content, dice)
}

async function unsealed(options: VaultOptions, content: Bytes): Promise<Result<Masters, VaultRefusal>> {
  const { file } = options
  const [plain = '', body = ''] = fromUtf8(content)?.trim().split('\n') ?? []
  const facts = head(parseJson(plain))
  const locked = fromBase64url(body)
  if (facts === undefined || locked === undefined) return no({ code: 'vault-damaged', file })
  const secret = await secretFor(options, facts)
  if (!secret) return no({ code: facts.lock === 'passphrase' ? 'passphrase-missing' : 'key-file-missing', file })
  const keys = unlock(facts, plain, secret, locked)
  if (keys !== undefined) return ok(keys)
  return no({ code: facts.lock === 'passphrase' ? 'passphrase-wrong' : 'vault-damaged', file })
}

const secretFor = async ({ file, passphrase }: VaultOptions, { lock }: Head): Promise<Bytes | undefined> =>
  lock === 'key-file' ? await readIfThere(keyFileOf(file)) : passphrase ? utf8(passphrase) : undefined

/** Two lines: the plain part as JSON, and ciphertext ‖ tag in base64url. */
function sealed(facts: Head, secret: Bytes, text: string): Bytes {
  const plain = JSON.stringify(facts)
  const cipher = createCipheriv('aes-256-gcm', lockKey(facts, secret), fromBase64url(facts.nonce) ?? '')
  cipher.setAAD(utf8(plain))
  const locked = concat(cipher.update(utf8(text)), cipher.final(), cipher.getAuthTag())
  return utf8(`${plain}\n${base64url(locked)}\n`)
}

function unlock(facts: Head, plain: string, secret: Bytes, locked: Bytes): Masters | undefined {
  try {
    const key = lockKey(facts, secret)
    const cipher = createDecipheriv('aes-256-gcm', key, fromBase64url(facts.nonce) ?? '', { authTagLength: 16 })
    cipher.setAAD(utf8(plain)).setAuthTag(locked.subarray(-16))
    const text = concat(cipher.update(locked.subarray(0, -16)), cipher.final())
    return readKeys(parseJson(fromUtf8(text) ?? ''))
  } catch {
    return undefined // another secret, or another file: AES-GCM cannot say which
  }
}

const lockKey = ({ scrypt, salt }: Head, secret: Bytes): Bytes =>
  new Uint8Array(scryptSync(secret, fromBase64url(salt) ?? '', 32, { ...scrypt, maxmem: SCRYPT_MEMORY_BYTES }))

const spell = ({ keys, newestFrom }: Masters): string =>
  JSON.stringify({
    ...Object.fromEntries(Object.entries(keys).map(([purpose, versions]) => [purpose, versions.map(base64url)])),
    newestFrom,
  })

/** A revoked one is empty. */
const key: Reader<Bytes> = value => {
  const bytes = typeof value === 'string' ? fromBase64url(value) : undefined
  return bytes?.length === 32 || bytes?.length === 0 ? bytes : undefined
}

/** Milliseconds since 1970, which are more than four bytes. */
const instant: Reader<number> = value =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined

/** Vaults were written without it before keys were rotated. */
const schedule = object({ newestFrom: optional(instant) })

function readKeys(value: unknown): Masters | undefined {
  const readers = Object.fromEntries([...DERIVING, ...SIGNING].map(purpose => [purpose, list(key)]))
  const keys = object<MasterKeys>(readers as { readonly [P in keyof MasterKeys]: Reader<readonly Bytes[]> })(value)
  const read = schedule(value)
  return keys && read && { keys, newestFrom: read.newestFrom ?? 0 }
}

const keyFileOf = (file: string): string => `${file}.key`

async function readIfThere(file: string): Promise<Bytes | undefined> {
  try {
    return new Uint8Array(await readFile(file))
  } catch (error) {
    if (isSystem(error) && error.code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * The whole file or none of it, whatever happens, and never in the place of one that is there.
 *
 * @returns what stands there afterwards
 */
async function writeOnce(file: string, content: Bytes, dice: Dice): Promise<Bytes> {
  const draft = await drafted(file, content, dice)
  try {
    await link(draft, file)
  } catch (error) {
    if (!isSystem(error) || error.code !== 'EEXIST') throw error
  } finally {
    await unlink(draft)
  }
  await syncFolder(dirname(file))
  return new Uint8Array(await readFile(file))
}

/** Beside the file, durable, under a name of its own. */
async function drafted(file: string, content: Bytes, dice: Dice): Promise<string> {
  const draft = join(dirname(file), `.${basename(file)}.${hex(dice.bytes(8))}`)
  const handle = await open(draft, 'wx', 0o600)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return draft
}

async function replace({ file, dice }: VaultOptions, content: Bytes): Promise<void> {
  await rename(await drafted(file, content, dice), file)
  await syncFolder(dirname(file))
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const isSystem = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'code' in error && 'syscall' in error
