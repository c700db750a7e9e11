/**
 * A vault for worlds: MemoryVault, but for tokens, which are not encrypted and only authenticated. Nobody in a world looks
 * into one, and making a cipher for each would cost more than the rest of a contact's turn.
 */
import { type Bytes, concat, equal, utf8 } from '@kozeni/base/bytes'
import type { Clock } from '@kozeni/base/clock'
import type { Vault } from '@kozeni/center/vault'
import { MemoryVault } from '@kozeni/center/vault-memory'
import type { Crypto } from '@kozeni/protocol/crypto'

const TAG_BYTES = 32

export class QuickVault extends MemoryVault {
  readonly #tag: (label: string, content: Bytes) => Bytes

  constructor(crypto: Crypto, seed: number, clock: Clock) {
    super(crypto, seed, { signing: crypto, clock })
    const key = crypto.sha256(utf8(`tokens ${seed}`))
    this.#tag = (label, content) => crypto.hmac(key, concat(utf8(`${label} `), content))
  }

  override sealToken: Vault['sealToken'] = (label, content) => concat(this.#tag(label, content), content)

  override openToken: Vault['openToken'] = (label, token) => {
    const content = token.subarray(TAG_BYTES)
    return equal(token.subarray(0, TAG_BYTES), this.#tag(label, content)) ? content : undefined
  }
}
