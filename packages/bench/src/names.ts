/** Who there is: purses, stores and terminals are numbered from 1; their names look as random as real ones do. */
import { idFromNumber, type PurseId, type StoreId, type TerminalId } from '@kozeni/base/ids'

/** Odd, so that no two numbers get one name. */
const SCATTER = 6364136223846793005n
const NAMES = 1n << 63n

/** Entries are about a purse or a store: no two of them have one name. */
export const BEYOND_PURSES = 1_000_000_000_000

const nameOf = (number: number): bigint => (BigInt(number) * SCATTER) % NAMES

/** The name of the purse with this number. */
export const purse = (number: number): PurseId => idFromNumber<PurseId>(nameOf(number))
/** The name of the terminal with this number. */
export const terminal = (number: number): TerminalId => idFromNumber<TerminalId>(nameOf(number))
/** The name of the store with this number. */
export const store = (number: number): StoreId => idFromNumber<StoreId>(nameOf(BEYOND_PURSES + number))

/** The same name in SQL. */
export const nameInSql = (number: string): string => `(((${number})::numeric * ${SCATTER}) % ${NAMES})::bigint`

export const STORES = 100
/** Those that upload; as many again have brought what was collected before. */
export const TERMINALS = 1000

/** The number of the store that a terminal stands in. */
export const storeOf = (terminal: number): number => (terminal % STORES) + 1
