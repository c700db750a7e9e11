/** The center by the HTTP contract's typed client. */
import { type Call, caller } from '@kozeni/api/call'
import type { Means } from '@kozeni/api/exchange'
import { contact } from '@kozeni/api/routes-contact'
import { exchangeMail, getTerminal, uploadReceipts } from '@kozeni/api/routes-terminal'
import { signerOf } from '@kozeni/api/signature'
import type { Bytes } from '@kozeni/base/bytes'
import type { TerminalId } from '@kozeni/base/ids'
import { no } from '@kozeni/base/result'
import { refusal } from '@kozeni/protocol/refusal'
import type { Center } from './center.ts'

/** What it takes to reach a center, without who is calling. */
export type Reach = Omit<Means, 'credentials'>

/** The center as a terminal of this name, known by this private key, reaches it. */
export function centerFor(reach: Reach, terminal: TerminalId, key: Bytes): Center {
  const signer = signerOf(reach.crypto, { kind: 'terminal', id: terminal }, key)
  return centerOver(caller({ ...reach, credentials: { show: 'signature', signer } }))
}

/** The center behind any typed client. */
export const centerOver = (call: Call): Center => ({
  deliver: upload => call(uploadReceipts, { body: upload }),
  standing: since => call(getTerminal, { query: { since: String(since) } }),
  mail: exchange => call(exchangeMail, { body: exchange }),
  contact: round => call(contact, { body: round }),
})

/** The center to a terminal that nobody has registered yet. @refuses terminal-not-certified */
export const noCenter: Center = {
  deliver: async () => no(refusal('terminal-not-certified')),
  standing: async () => no(refusal('terminal-not-certified')),
  mail: async () => no(refusal('terminal-not-certified')),
  contact: async () => no(refusal('terminal-not-certified')),
}
