/**
 * Where everything that this command keeps lives: one folder, `data` where it is started, or what --data or KOZENI_DATA
 * name. Deleting the folder deletes all of it. The folder says which version of Kozeni laid it out.
 */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { no, ok, type Result } from '@kozeni/base/result'

/** Raised whenever an older version could not make sense of the folder any more. */
const LAYOUT = 1

export interface DataFolder {
  readonly path: string
  /** The folder of one part (center, phone, …), made when it is not there. */
  of(part: string): string
}

/** Why there is no folder to work in, in one plain sentence with the next step. */
export type FolderRefusal = { readonly code: 'folder-newer' | 'folder-unusable'; readonly says: string }

/**
 * Opens the folder, and makes it when it is not there.
 *
 * @param named  by --data; else KOZENI_DATA; else `data` in the working folder
 * @refuses folder-newer · folder-unusable
 */
export function openDataFolder(named: string | undefined): Result<DataFolder, FolderRefusal> {
  const path = resolve(named ?? process.env['KOZENI_DATA'] ?? 'data')
  const mark = join(path, 'layout.json')
  try {
    mkdirSync(path, { recursive: true })
    accessSync(path, constants.W_OK)
    if (!existsSync(mark)) writeFileSync(mark, `${JSON.stringify({ layout: LAYOUT })}\n`)
    return checkLayout(path, readFileSync(mark, 'utf8'))
  } catch (error) {
    return no({ code: 'folder-unusable', says: `${unusable(path, error)} Choose another with --data FOLDER.` })
  }
}

function checkLayout(path: string, text: string): Result<DataFolder, FolderRefusal> {
  const found = layoutOf(text)
  if (found === undefined) {
    return no({
      code: 'folder-unusable',
      says: `${path} is not a data folder of Kozeni. Choose another with --data FOLDER.`,
    })
  }
  if (found > LAYOUT) {
    const says = `${path} was laid out by a newer Kozeni (layout ${found}; this one knows ${LAYOUT}). Use that version, or another folder with --data FOLDER.`
    return no({ code: 'folder-newer', says })
  }
  return ok({ path, of: part => made(join(path, part)) })
}

function layoutOf(text: string): number | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const layout = typeof value === 'object' && value !== null && 'layout' in value ? value.layout : undefined
    return typeof layout === 'number' ? layout : undefined
  } catch {
    return undefined
  }
}

function made(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o755 })
  return path
}

function unusable(path: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOSPC') return `The disk that holds ${path} is full.`
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return `${path} may not be written by this user.`
  if (code === 'ENOTDIR' || code === 'EEXIST') return `${path} is not a folder.`
  throw error
}
