/**
 * How a signature names its key: `device:`, `store:` or `terminal:` and the caller's name, or `key:` and the public key
 * itself, for who is not registered yet.
 */
import { type Bytes, base64url, fromBase64url } from '@kozeni/base/bytes'
import { type DeviceId, id, isId, type StoreId, type TerminalId } from '@kozeni/base/ids'
import { POINT_BYTES } from '@kozeni/protocol/crypto'

/** Somebody who has registered a key. */
export type RegisteredKey =
  | { readonly kind: 'device'; readonly id: DeviceId }
  | { readonly kind: 'store'; readonly id: StoreId }
  | { readonly kind: 'terminal'; readonly id: TerminalId }

export type KeyName = RegisteredKey | { readonly kind: 'key'; readonly publicKey: Bytes }

/** As the parameter `keyid` spells it. */
export const keyid = (name: KeyName): string =>
  name.kind === 'key' ? `key:${base64url(name.publicKey)}` : `${name.kind}:${name.id}`

/** @returns undefined when it names no key of ours */
export function parseKeyid(text: string): KeyName | undefined {
  const [kind, name, more] = text.split(':')
  if (name === undefined || more !== undefined) return undefined
  if (kind === 'key') return keyItself(name)
  if (!isId(name)) return undefined
  if (kind === 'device') return { kind, id: id<DeviceId>(name) }
  if (kind === 'store') return { kind, id: id<StoreId>(name) }
  return kind === 'terminal' ? { kind, id: id<TerminalId>(name) } : undefined
}

function keyItself(name: string): KeyName | undefined {
  const publicKey = fromBase64url(name)
  return publicKey?.length === POINT_BYTES ? { kind: 'key', publicKey } : undefined
}
