/** What every command needs to know before it does anything: the data folder, and where the center is. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseMoney } from '@kozeni/base/money'
import type { Command } from 'commander'
import { type DataFolder, openDataFolder } from './data-folder.ts'
import { giveUp } from './say.ts'

export const DEFAULT_PORT = 7077
export const DEFAULT_CENTER = `http://127.0.0.1:${DEFAULT_PORT}`

/** The options that stand before the command's name. */
export interface GlobalOptions {
  readonly data?: string
}

/** The data folder that the command line names; or the end, with the next step. */
export function dataFolder(command: Command): DataFolder {
  const { data } = command.optsWithGlobals<GlobalOptions>()
  const folder = openDataFolder(data)
  return folder.ok ? folder.value : giveUp(folder.refusal.says)
}

/** The center's origin, if what is named can be one. */
export function centerOrigin(named: string): string {
  try {
    const { origin, protocol } = new URL(named)
    if (protocol === 'http:' || protocol === 'https:') return origin
  } catch {
    // said below
  }
  return giveUp(`"${named}" is not the address of a center. Write it like ${DEFAULT_CENTER}.`)
}

/** A port number, if what is named is one. */
export function portNumber(named: string): number {
  const port = Number(named)
  return Number.isInteger(port) && port >= 0 && port <= 65_535
    ? port
    : giveUp(`"${named}" is not a port. Ports are whole numbers from 0 (any) to 65535.`)
}

/** The amount, in plain digits, if what is named is one of more than nothing. */
export function amountText(named: string): string {
  const amount = parseMoney(named)
  return amount === undefined || amount === 0n
    ? giveUp(`"${named}" is not an amount. Write whole minor units of more than zero, such as 300 for 300 yen.`)
    : named
}

const TOKEN_FILE = 'operator.token'

/** Where the center's folder keeps the operator's token. */
export const operatorTokenPath = (folder: DataFolder): string => join(folder.of('center'), TOKEN_FILE)

/** The operator's token of the center in this data folder; or the end, with the next step. */
export function operatorToken(folder: DataFolder): string {
  const given = process.env['KOZENI_OPERATOR_TOKEN']
  if (given) return given
  try {
    return readFileSync(operatorTokenPath(folder), 'utf8').trim()
  } catch {
    return giveUp(
      `There is no operator's token in ${folder.path}. Start the center there first (kozeni center), or set KOZENI_OPERATOR_TOKEN.`,
    )
  }
}
