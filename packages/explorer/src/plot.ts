/** What may happen in a scenario besides faults of the network and of power, which are without limit everywhere. */

/** A terminal that works alone. */
export interface TerminalPlot {
  /** The amount of each sale that it may begin. */
  readonly sales: readonly bigint[]
  /** Whether it may void what it sold. */
  readonly voids: boolean
  /** Whether its clerk may say that a torn sale was not given. */
  readonly withholds: boolean
  /** Whether it may be lost with all that it knows. */
  readonly losable: boolean
}

export interface Plot {
  readonly name: string
  /** What is explored, in a sentence. */
  readonly about: string
  /** How many chips, each a purse of its own. */
  readonly chips: number
  /** What each chip holds at first. */
  readonly holds: bigint
  /** Loads that the first chip's holder may ask for. */
  readonly loads: readonly bigint[]
  /** Whether each of them may be cancelled. */
  readonly cancels: boolean
  /** On-line sales that a chip may pay; the number says which chip. */
  readonly pays: readonly { readonly amount: bigint; readonly by: number }[]
  /** What the store may give back of its first on-line sale. */
  readonly refunds: readonly bigint[]
  readonly terminals: readonly TerminalPlot[]
  /** How often a pay's session may pass. */
  readonly ticks: number
  /** Whether the issuer may block the first purse, and unblock it. */
  readonly blocks: boolean
  /** The most that a chip may hold. */
  readonly maximum: bigint
  /** Off-line debits until a chip must go on-line. */
  readonly offlineCount: number
  /** Whether the first chip may be lost for ever, and is paid out then (F-11). */
  readonly chipLoss: boolean
  /** Whether the first purse may be left for the second (P-3). */
  readonly moves: boolean
  /** What the first chip does elsewhere, all at once: see elsewhere.ts. */
  readonly elsewhere: { readonly loads: number; readonly sales: number }
  /** Whether so long a time may pass that what was settled before it is so for good, and every backup from before it is gone. */
  readonly ages: boolean
  /** Whether the center begins to use the next version of the first purse's keys, and shuts out the one before (F-15). */
  readonly rotates: boolean
  /** How often the center may be restored, each time from a backup made at any moment before. */
  readonly restores: number
}

/** A quiet day: one chip that holds 3, and nobody who wants anything. */
export const quiet: Omit<Plot, 'name' | 'about'> = {
  chips: 1,
  holds: 3n,
  loads: [],
  cancels: false,
  pays: [],
  refunds: [],
  terminals: [],
  ticks: 0,
  blocks: false,
  maximum: 1000n,
  offlineCount: 100,
  chipLoss: false,
  moves: false,
  elsewhere: { loads: 0, sales: 0 },
  ages: false,
  rotates: false,
  restores: 0,
}
