/** The audit of the seals: each follows the one before, is signed, and its stretch of time holds what it held then. */
import { hex } from '@kozeni/base/bytes'
import type { Crypto } from '@kozeni/protocol/crypto'
import { compared, type Finding } from './audit-finding.ts'
import { type Contents, headOf, isSigned, type KeptHead, SEALED, type SealRow } from './seal.ts'
import type { Vault } from './vault.ts'

/** A seal, and what the book has in its stretch now. */
export interface SealFile {
  readonly seal: SealRow
  readonly now: Contents
}

interface Means {
  readonly crypto: Crypto
  readonly vault: Vault
  /** One that somebody has kept elsewhere. */
  readonly kept?: KeptHead | undefined
}

const INVARIANT = 'INV-AUDIT'

/** Goes along the chain, seal by seal. */
export class SealAudit {
  readonly #means: Means
  #last: SealRow | undefined
  #met = false

  constructor(means: Means) {
    this.#means = means
  }

  /** The newest seal so far. */
  get last(): SealRow | undefined {
    return this.#last
  }

  /** The next seal in the order of their numbers. */
  next({ seal, now }: SealFile): Finding[] {
    const { crypto, vault, kept } = this.#means
    const before = this.#last
    this.#last = seal
    this.#met ||= kept?.number === seal.number
    const about = (says: string) => ({ row: `seal ${seal.number}`, says, invariant: INVARIANT }) as const
    const isOurs = isSigned(crypto, vault.publicKey('audit'), seal)
    return [
      ...compared(about('it does not follow the one before'), (before?.number ?? 0) + 1, seal.number),
      ...compared(about('it does not begin where the one before ended'), before?.until ?? 0, seal.from),
      ...compared(about('its head is not that of its words'), hex(headOf(crypto, before?.head, seal)), hex(seal.head)),
      ...compared(about('the audit key has not signed its head'), 'signed', isOurs ? 'signed' : 'not signed'),
      ...(kept?.number === seal.number
        ? compared(about('somebody has kept another head of it'), hex(kept.head), hex(seal.head))
        : []),
      ...SEALED.flatMap(kind => contentFindings(seal, now, kind)),
    ]
  }

  /** When there are no more seals: what was kept must have been among them. */
  end(): Finding[] {
    const { crypto, vault, kept } = this.#means
    if (kept === undefined) return []
    const about = (says: string) => ({ row: `kept head ${kept.number}`, says, invariant: INVARIANT }) as const
    const isOurs = isSigned(crypto, vault.publicKey('audit'), kept)
    const end = `a book of at least ${kept.number} seals`
    return [
      ...compared(about('the audit key has not signed it'), 'signed', isOurs ? 'signed' : 'not signed'),
      ...compared(
        about('the book was sealed further than it goes now'),
        end,
        this.#met ? end : `${this.#last?.number ?? 0}`,
      ),
    ]
  }
}

function contentFindings(seal: SealRow, now: Contents, kind: (typeof SEALED)[number]): Finding[] {
  const [then, today] = [seal[kind], now[kind]]
  const stretch = `${new Date(seal.from).toISOString()} to ${new Date(seal.until).toISOString()}`
  const claimed = {
    row: `seal ${seal.number}`,
    says: `${kind} from ${stretch} are not those that were sealed`,
    invariant: INVARIANT,
  } as const
  if (hex(then.digest) === hex(today.digest)) return []
  const spelled = ({ count, sum, digest }: Contents[typeof kind]): string =>
    `${count} rows, ${sum} in all, ${hex(digest.subarray(0, 8))}…`
  return compared(claimed, spelled(then), spelled(today)).map(finding => ({
    ...finding,
    difference: today.sum - then.sum,
  }))
}
