/**
 * What every MAC and signature input starts with (F-15): protocol version, message type, direction, purse, key
 * version. So nothing signed for one use can be taken for another. Twelve bytes.
 */
import type { PurseId } from '@kozeni/base/ids'
import { choice, type Field, name, struct, u8 } from './struct.ts'

export const PROTOCOL_VERSION = 1

/** Everything that is ever authenticated has its own code here. */
export const MESSAGE_TYPE = {
  command: 0x01,
  abort: 0x02,
  confirm: 0x03,
  set: 0x04,
  fence: 0x05,
  read: 0x06,
  result: 0x11,
  fenced: 0x12,
  receipt: 0x21,
  'debit-request': 0x22,
  'void-request': 0x23,
  introduction: 0x24,
  'purse-certificate': 0x31,
  'terminal-certificate': 0x32,
  'holder-hello': 0x41,
  'holder-request': 0x42,
  'holder-answer': 0x43,
  pin: 0x44,
} as const

export type MessageType = keyof typeof MESSAGE_TYPE

/** Who is to act on it. */
export const DIRECTION = { 'to-chip': 1, 'to-center': 2, 'to-terminal': 3, 'to-holder': 4 } as const
export type Direction = keyof typeof DIRECTION

export interface Header {
  readonly version: number
  readonly type: MessageType
  readonly direction: Direction
  readonly purse: PurseId
  readonly keyVersion: number
}

/** The header's fields, for records that begin with it. */
export const headerFields: { readonly [K in keyof Header]: Field<Header[K]> } = {
  version: u8, //                       PROTOCOL_VERSION
  type: choice<MessageType>(MESSAGE_TYPE),
  direction: choice<Direction>(DIRECTION),
  purse: name<PurseId>(), //
  keyVersion: u8, //                    of the MAC key, or of the signing key
}

export const header: Field<Header> = struct<Header>(headerFields)

export const HEADER_BYTES = header.size
