/**
 * A terminal's folder: its private key, for its owner's eyes only, its name once an operator has registered it, and its
 * journal. A key without its journal is refused: its sale numbers would begin again.
 */
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Bytes, hex, isHex, unhex } from '@kozeni/base/bytes'
import type { Dice } from '@kozeni/base/dice'
import type { TerminalId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Crypto } from '@kozeni/protocol/crypto'
import { idText } from '@kozeni/protocol/json'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'

const OWNER_ONLY = 0o600
const KEY_BYTES = 32

/** What is in the folder. */
export interface TerminalFolder {
  readonly key: Bytes
  readonly journalPath: string
  /** To be called once the journal names its owner: from then on the key is the terminal's for good. */
  keep(): Promise<void>
  /** What the center calls it. */
  readonly terminal: TerminalId | undefined
  rename(terminal: TerminalId): Promise<void>
}

/**
 * @param path  made if absent
 * @refuses     journal-broken (check: missing, or key)
 */
export async function openTerminalFolder(
  path: string,
  crypto: Crypto,
  dice: Dice,
): Promise<Result<TerminalFolder, Refusal>> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  const journalPath = join(path, 'journal')
  const kept = await textOf(join(path, 'terminal.key'))
  if (kept !== undefined && !(await hasBytes(journalPath))) return no(refusal('journal-broken', { check: 'missing' }))
  const key = keyIn(kept ?? (await newKey(path, crypto, dice)))
  if (key === undefined) return no(refusal('journal-broken', { check: 'key' }))
  return ok({
    key,
    journalPath,
    terminal: idText<TerminalId>((await textOf(join(path, 'terminal.name')))?.trim()),
    keep: () => (kept === undefined ? takeOver(path, 'terminal.key') : Promise.resolve()),
    rename: async terminal => {
      await written(join(path, 'terminal.name.new'), terminal)
      await takeOver(path, 'terminal.name')
    },
  })
}

/** A start that was cut off before the journal named its owner finds its key again. */
async function newKey(folder: string, crypto: Crypto, dice: Dice): Promise<string> {
  const path = join(folder, 'terminal.key.new')
  const begun = await textOf(path)
  return begun !== undefined && keyIn(begun) ? begun : written(path, hex(crypto.generate(dice)))
}

const keyIn = (text: string): Bytes | undefined => {
  const spelled = text.trim()
  return isHex(spelled) && spelled.length === 2 * KEY_BYTES ? unhex(spelled) : undefined
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (failure) {
    if (failure instanceof Error && 'code' in failure && failure.code === 'ENOENT') return undefined
    throw failure
  }
}

async function hasBytes(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found !== undefined && found.size > 0
}

/** @returns the text, once it is durable */
async function written(path: string, text: string): Promise<string> {
  const file = await open(path, 'w', OWNER_ONLY)
  try {
    await file.writeFile(`${text}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  return text
}

/** `name.new` becomes `name`, durably. */
async function takeOver(folder: string, name: string): Promise<void> {
  await rename(join(folder, `${name}.new`), join(folder, name))
  const handle = await open(folder, 'r')
  await handle.sync()
  await handle.close()
}
