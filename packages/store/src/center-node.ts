/** How a store's server on Node asks a real center: over HTTPS, each request signed with the store's own key. */
import { exchanger } from '@kozeni/api/exchange'
import { signerOf } from '@kozeni/api/signature'
import { fetchTransport } from '@kozeni/api/transport-fetch'
import { systemClock } from '@kozeni/base/clock'
import { systemDice } from '@kozeni/base/dice'
import { id, type StoreId } from '@kozeni/base/ids'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import type { Call } from './center-client.ts'
import { openKey } from './key-file.ts'

export interface CenterOptions {
  /** Scheme, host and port: https://center.example. */
  readonly center: string
  /** The store's name at the center: sixteen hexadecimal digits. */
  readonly store: string
  /** Holds the store's signing key; made if absent. */
  readonly keyFile: string
}

/**
 * The way to a center, for openStore(). What passes by itself in seconds is repeated; the rest is refused.
 *
 * @throws Error when the key file holds no key, or the name is none
 */
export async function callCenter({ center, store, keyFile }: CenterOptions): Promise<Call> {
  const name = { kind: 'store', id: id<StoreId>(store) } as const
  return exchanger({
    origin: new URL(center).origin,
    credentials: { show: 'signature', signer: signerOf(nodeCrypto, name, await openKey(keyFile)) },
    transport: fetchTransport,
    clock: systemClock,
    crypto: nodeCrypto,
    dice: systemDice,
  })
}
