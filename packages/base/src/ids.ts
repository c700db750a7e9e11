/**
 * Names of things: eight bytes each, spelled as sixteen lower-case hexadecimal digits. The top bit is never set,
 * so that a PostgreSQL bigint holds one. All zeros names nothing.
 */
import { assert } from './assert.ts'
import type { Brand } from './brand.ts'
import { type Bytes, hex, unhex } from './bytes.ts'
import type { Dice } from './dice.ts'

/** The electronic-money ID: one personalised purse program on one chip. */
export type PurseId = Brand<string, 'PurseId'>
/** The telephone part that carries a chip. */
export type DeviceId = Brand<string, 'DeviceId'>
/** A secure element, named by its foundry. */
export type ChipId = Brand<string, 'ChipId'>
/** An affiliated store. */
export type StoreId = Brand<string, 'StoreId'>
/** A till of a store. */
export type TerminalId = Brand<string, 'TerminalId'>
/** A holder's account at the center. */
export type AccountId = Brand<string, 'AccountId'>
/** A holder's request to be loaded; the capture of the money is keyed by it (F-13). */
export type LoadId = Brand<string, 'LoadId'>
/** Something the center owes a purse and will open when it can. */
export type OrderId = Brand<string, 'OrderId'>
/** Value that was swept off one purse of a holder and is owed to another (P-3). */
export type MoveId = Brand<string, 'MoveId'>

/** What one operator proposes and another confirms. */
export type ProposalId = Brand<string, 'ProposalId'>

export type Id = PurseId | DeviceId | ChipId | StoreId | TerminalId | AccountId | LoadId | OrderId | MoveId | ProposalId

export const ID_BYTES = 8

/** Whether `text` spells a name. */
export const isId = (text: string): boolean => /^[0-7][0-9a-f]{15}$/.test(text) && text !== '0000000000000000'

/** The one way to make a name of kind `T`: `id<PurseId>('01…')`. A bug unless isId(text). */
export function id<T extends Id>(text: string): T {
  if (!isId(text)) assert(false, `sixteen lower-case hexadecimal digits below 2^63, not "${text.slice(0, 20)}"`)
  return text as T
}

/** A name that nobody has yet: 63 bits of chance. */
export const freshId = <T extends Id>(dice: Dice): T => idFromBytes<T>(dice.bytes(ID_BYTES))

/** A name made of another's: of at least eight bytes that nothing else has, as of a digest. */
export function idFromBytes<T extends Id>(from: Bytes): T {
  const bytes = from.slice(0, ID_BYTES)
  bytes[0] = (bytes[0] ?? 0) & 0x7f
  return id<T>(hex(bytes))
}

/** Eight bytes, as on the chip. */
export const idBytes = (name: Id): Bytes => unhex(name)

/** As a PostgreSQL bigint. */
export const idNumber = (name: Id): bigint => BigInt(`0x${name}`)

/** Back from a PostgreSQL bigint. A bug unless it is one above nought. */
export function idFromNumber<T extends Id>(number: bigint): T {
  if (number <= 0n || number > HIGHEST) assert(false, `a name of 63 bits, not ${number}`)
  return number.toString(16).padStart(2 * ID_BYTES, '0') as T
}

const HIGHEST = 2n ** 63n - 1n
