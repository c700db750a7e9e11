/**
 * `kozeni operators`: who may order things at the center beside the first operator. Each gets a token of their own, told
 * once; the file beside the vault keeps digests alone. A center reads it when it starts.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { base64url, hex } from '@kozeni/base/bytes'
import { systemDice } from '@kozeni/base/dice'
import { type Operator, operatorOf, readOperators } from '@kozeni/center/operators'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import type { Command } from 'commander'
import type { DataFolder } from './data-folder.ts'
import { giveUp, quiet, say } from './say.ts'
import { dataFolder } from './settings.ts'

const TOKEN_BYTES = 24

/** Where the operators stand: the file that KOZENI_OPERATORS names, or one in the center's folder. */
const pathOf = (folder: DataFolder): string =>
  process.env['KOZENI_OPERATORS'] || join(folder.of('center'), 'operators.json')

/** The operators of the center in this data folder, beside the first; or the end, with the next step. */
export function operatorsIn(folder: DataFolder): readonly Operator[] {
  const path = pathOf(folder)
  if (!existsSync(path)) return []
  return readOperators(parsed(path)) ?? giveUp(unreadable(path))
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

const unreadable = (path: string): string =>
  `${path} does not name operators. It is one object: names, each with the SHA-256 of a token of their own in hexadecimal.`

/** Adds the command. */
export function addOperators(program: Command): void {
  const operators = program.command('operators').description('who may order things at the center')
  operators
    .command('add <name>')
    .description('lets somebody in when the center next starts, and says their token, once')
    .action((name: string, _: unknown, command: Command) => addOne(name, dataFolder(command)))
  operators
    .command('list')
    .description('their names')
    .action((_: unknown, command: Command) => {
      for (const { name } of operatorsIn(dataFolder(command))) say(name)
    })
}

/** In one step, so that a center never reads half a file. */
function addOne(name: string, folder: DataFolder): void {
  const token = base64url(systemDice.bytes(TOKEN_BYTES))
  const before = operatorsIn(folder)
  if (before.some(one => one.name === name)) return giveUp(`There is an operator ${name} already.`)
  const after = [...before, operatorOf(nodeCrypto, name, token)]
  const file = Object.fromEntries(after.map(one => [one.name, hex(one.tokenDigest)]))
  if (readOperators(file) === undefined)
    return giveUp(`"${name}" is no name for an operator. Use small letters, digits, dots and hyphens.`)
  const path = pathOf(folder)
  writeFileSync(`${path}.new`, `${JSON.stringify(file, undefined, 2)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
  say(quiet(`${name} is let in when the center is started again. This is said once, and kept nowhere:`))
  say(token)
}
