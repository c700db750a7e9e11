/**
 * The port to the book: all that the center remembers. A command names the rows it is about; they are locked and read,
 * a pure decision is made of them, its writes and only they become durable in one transaction, then the answer is given.
 *
 * The purse is what is locked: whatever concerns one purse is done one at a time, by any number of center processes.
 * An implementation may do many commands in one transaction; it must never show one the unsaved writes of another.
 */
import type { Bytes } from '@kozeni/base/bytes'
import type { Currency } from '@kozeni/base/currency'
import type {
  AccountId,
  ChipId,
  DeviceId,
  LoadId,
  MoveId,
  OrderId,
  ProposalId,
  PurseId,
  StoreId,
  TerminalId,
} from '@kozeni/base/ids'
import type { Money, Total } from '@kozeni/base/money'
import type { Ranges } from '@kozeni/base/ranges'
import type { Entry } from '@kozeni/ledger/entry'
import type { ChipClass } from '@kozeni/protocol/certificate'
import type { Limits } from '@kozeni/protocol/message'
import type { Kind, Outcome, Place } from '@kozeni/protocol/operation'
import type { AlarmRow } from './book-alarm.ts'
import type { EpochRow, FoundRow, HonouredRow } from './book-epoch.ts'
import type { HoldRow } from './book-hold.ts'
import type { HotlistRow } from './book-hotlist.ts'
import type { Fraud, LossRow, Payer } from './book-loss.ts'
import type { MoveRow } from './book-move.ts'
import type { OutboxRow } from './book-outbox.ts'
import type { ProposalRow } from './book-proposal.ts'
import type { JournalHead, ProvedUpload, ReceiptRow, SaleName } from './book-receipt.ts'
import type { ReturnRow } from './book-return.ts'
import type { SettlementRow, Unsettled } from './book-settlement.ts'

/** Milliseconds since 1970. */
export type Instant = number

export interface AccountRow {
  readonly account: AccountId
  /** SHA-256 of the secret that lets another device join. */
  readonly secretDigest: Bytes
  readonly at: Instant
}

export interface DeviceRow {
  readonly device: DeviceId
  readonly account: AccountId
  readonly publicKey: Bytes
  readonly at: Instant
}

/** What a foundry reported when it sold the chip. */
export interface ChipRow {
  readonly chip: ChipId
  readonly chipClass: ChipClass
  /** The purse that this chip is or is becoming. */
  readonly purse: PurseId | undefined
}

export interface StoreRow {
  readonly store: StoreId
  readonly name: string
  readonly currency: Currency
  readonly publicKey: Bytes
  /** A new generation revokes every seed window of the old one (T-3). */
  readonly generation: number
  /** What the issuer keeps of each sale, in hundredths of a percent. */
  readonly feeBasisPoints: number
  readonly webhookUrl: string | undefined
  readonly webhookSecret: string
  /** The epoch for which it has told all that it ever honoured (F-12). */
  readonly reportedEpoch: number
}

export interface TerminalRow {
  readonly terminal: TerminalId
  readonly store: StoreId
  readonly publicKey: Bytes
  /** Out of its store's hands: it is listed, and handed nothing. Since it is lost, what it had not uploaded will not come. */
  readonly stolen: boolean
  readonly lostAt: Instant | undefined
  /** When it last uploaded. */
  readonly lastUpload: Instant | undefined
  /** Where its hash-chained journal stood then (K-3). */
  readonly journal: JournalHead | undefined
}

/**
 * How far an installation has come (P-2); a purse that its holder leaves, until it is empty and retired (P-3); one that was
 * reported lost, until what is left of it is paid out and it is retired (F-11).
 */
export type PurseStage = 'reserved' | 'certified' | 'active' | 'leaving' | 'lost' | 'retired'

/** One purse, with what PROTOCOL §3 says the center keeps. Value known to be on the chip is credits − debits. */
export interface PurseRow {
  readonly purse: PurseId
  readonly chip: ChipId
  readonly device: DeviceId
  readonly account: AccountId
  readonly currency: Currency
  readonly chipClass: ChipClass
  readonly stage: PurseStage
  readonly reservedUntil: Instant
  /** The chip's certified key, once there is one. */
  readonly publicKey: Bytes | undefined
  /** The newest certificate that was made for it, with its signature. */
  readonly certificate: Bytes | undefined
  /** The newest version of its keys that the chip is known to have, since when, and the floor that it is to have (F-15). */
  readonly keyVersion: number
  readonly keysSince: Instant
  readonly keyFloor: number
  /** Last place opened, and last place closed (`prev`). */
  readonly epoch: number
  readonly number: number
  readonly closedEpoch: number
  readonly closedNumber: number
  /** Fs: an operation is recorded and not closed. */
  readonly flag: boolean
  /** Credits and debits that are booked, off-line debits and voids included. */
  readonly credits: Total
  readonly debits: Total
  /** The highest totals and seq that any authentic statement of the chip has shown (K-1, K-2). */
  readonly seenCredits: Total
  readonly seenDebits: Total
  readonly seenSeq: number
  /** The furthest place and stage of its life that any of them has shown (K-1): 1 done, 2 undone, 3 confirmed. */
  readonly seenEpoch: number
  readonly seenNumber: number
  readonly seenStage: number
  /** The epoch that its chip was last heard to be fenced to, when the fence could not settle what was open (F-12). */
  readonly seenFloor: number
  /** Debits booked, not net of voids: what CONFIRM acknowledges (C-6). */
  readonly bookedAmount: Total
  readonly bookedCount: number
  /** Voids booked: what they brought back. */
  readonly voidedAmount: Total
  /** The seqs of all its receipts that the center has, booked or held (K-1); what is missing below `seenSeq` is a gap (K-2). */
  readonly taken: Ranges
  /** How many of its debits have their claims held or charged for a void that has not come (K-2). */
  readonly holds: number
  /** Where its booked receipts are: the book's own note, which decisions hand on as it is. */
  readonly trail: Bytes
  /** The settings that the chip is to have, and the number of those it said it has (F-14). */
  readonly settings: number
  readonly settingsSeen: number
  readonly blocked: boolean
  readonly limits: Limits
  /** Where what is swept off it goes; undefined until its holder has said so (P-3). */
  readonly movingTo: PurseId | undefined
  /** When it was reported lost. */
  readonly lostAt: Instant | undefined
  /** What it has taken more than it was ever given: the issuer's loss; and how often that has changed (K-3, F-11). */
  readonly writtenOff: Total
  readonly writeOffs: number
}

export type OperationDecision = 'open' | 'commit' | 'void'

/** What closed an operation (F-6). */
export type EvidenceSource = 'result' | 'receipt' | 'fence' | 'lost' | 'people'

export interface OperationRow {
  readonly purse: PurseId
  readonly epoch: number
  readonly number: number
  readonly kind: Kind
  readonly amount: Money
  readonly currency: Currency
  readonly reference: Bytes
  readonly digest: Bytes
  readonly decision: OperationDecision
  /** Undefined while Fs is up for it. */
  readonly closed: { readonly at: Instant; readonly source: EvidenceSource; readonly outcome: Outcome } | undefined
  readonly openedAt: Instant
  /** A pay past this counts as void (F-8). */
  readonly sessionEnd: Instant | undefined
  /** What it belongs to: a pay to a store's number, a load to its request, a refund to its order. */
  readonly store: StoreId | undefined
  readonly transaction: string | undefined
  readonly order: OrderId | undefined
}

/**
 * A holder's request to be loaded. `requested` until the provider has said; then `declined` or `captured`; a captured
 * one waits as an order, and ends `loaded` or `given-back`. `cancelled` is a wish that only evidence fulfils (F-5).
 */
export type LoadStage = 'requested' | 'declined' | 'captured' | 'loaded' | 'giving-back' | 'given-back'

export interface LoadRow {
  readonly load: LoadId
  readonly purse: PurseId
  readonly amount: Money
  readonly currency: Currency
  /** The provider's name for how it is paid: a card token, `cash`. */
  readonly method: string
  readonly stage: LoadStage
  readonly cancelled: boolean
  /** The holder agrees that it waits for room, and comes in parts (F-5). */
  readonly inParts: boolean
  /** The provider's name of the capture. */
  readonly capture: string | undefined
  /** The epoch in which it was asked for, or in which the provider has last said that the money is here (F-12). */
  readonly checkedEpoch: number
  /** SHA-256 of the request's content: the same name with another content is refused. */
  readonly inputDigest: Bytes
  readonly at: Instant
}

/** Something the center owes a purse and opens when it can (F-10). Its name is the load's, the refund's, or the move's. */
export interface OrderRow {
  readonly order: OrderId
  readonly purse: PurseId
  readonly kind: 'load' | 'refund' | 'move'
  readonly amount: Money
  /** What of it the chip has proved to have; less than `amount` only for what comes in parts. */
  readonly delivered: Money
  /** It waits for room below the chip's maximum, and may come in more than one operation (F-5). */
  readonly inParts: boolean
  readonly currency: Currency
  readonly stage: 'waiting' | 'open' | 'done' | 'given-back'
  /** Refunds: of which sale; an off-line one is named as returnName does. */
  readonly store: StoreId | undefined
  readonly transaction: string | undefined
  readonly inputDigest: Bytes
  readonly at: Instant
}

/** A store's number, occupied by the operation it opened (T-4). */
export interface NumberRow {
  readonly store: StoreId
  readonly transaction: string
  readonly purse: PurseId
  readonly epoch: number
  readonly number: number
  /** The seed it was made with, and its proof is made with. */
  readonly generation: number
  readonly window: number
  readonly amount: Money
  readonly refunded: Money
}

/**
 * All that a command can change. Every SQL statement that changes money stands in one switch over this.
 *
 * A write replaces the row of that name when the decision has seen it, and adds it when not: adding where another
 * command has added meanwhile makes the book decide again on what stands there, and RowTaken if that does not help.
 * Only the outbox is written unseen: a task of the same name is replaced.
 */
export type Write =
  | { readonly write: 'account'; readonly row: AccountRow }
  | { readonly write: 'device'; readonly row: DeviceRow }
  | { readonly write: 'chip'; readonly row: ChipRow }
  | { readonly write: 'store'; readonly row: StoreRow }
  | { readonly write: 'terminal'; readonly row: TerminalRow }
  | { readonly write: 'purse'; readonly row: PurseRow }
  | { readonly write: 'operation'; readonly row: OperationRow }
  | { readonly write: 'load'; readonly row: LoadRow }
  | { readonly write: 'order'; readonly row: OrderRow }
  | { readonly write: 'move'; readonly row: MoveRow }
  | { readonly write: 'number'; readonly row: NumberRow }
  | { readonly write: 'return'; readonly row: ReturnRow }
  | { readonly write: 'receipt'; readonly row: ReceiptRow }
  | { readonly write: 'loss'; readonly row: LossRow }
  | { readonly write: 'hold'; readonly row: HoldRow }
  | { readonly write: 'entry'; readonly row: Entry }
  | { readonly write: 'settlement'; readonly row: SettlementRow }
  | { readonly write: 'epoch'; readonly row: EpochRow }
  | { readonly write: 'honoured'; readonly row: HonouredRow }
  | { readonly write: 'hotlist'; readonly row: HotlistRow }
  | { readonly write: 'found'; readonly row: FoundRow }
  | { readonly write: 'proposal'; readonly row: ProposalRow }
  | { readonly write: 'alarm'; readonly row: AlarmRow }
  | { readonly write: 'outbox'; readonly row: OutboxRow }

/** The rows a command is about. Everything that touches a purse names it, so that the purse is locked. */
export interface Keys {
  readonly purse?: PurseId
  readonly account?: AccountId
  readonly device?: DeviceId
  readonly chip?: ChipId
  readonly store?: StoreId
  readonly terminal?: TerminalId
  readonly load?: LoadId
  readonly order?: OrderId
  readonly move?: MoveId
  readonly proposal?: ProposalId
  readonly number?: { readonly store: StoreId; readonly transaction: string }
  readonly operation?: { readonly epoch: number; readonly number: number }
  /** The purse's operations at these places. */
  readonly ring?: readonly Place[]
  /** Receipts of the purse at these seqs. */
  readonly receipts?: readonly number[]
  /** Sales of terminals, whoever paid them. */
  readonly sales?: readonly SaleName[]
  readonly hotlistAfter?: number
  /** What was judged of the purse's receipts and held of their claims, and what it takes to judge (K-2, K-3). */
  readonly fraud?: boolean
  /** What goes back of the purse's debit of this seq. */
  readonly returned?: number
  /** What stands in the store's books before `until` and is in no window yet. */
  readonly unsettled?: { readonly store: StoreId; readonly until: Instant }
}

/**
 * The rows that were there. `open` is the purse's one open operation, with its order and load when it has them;
 * `waiting` is its next order, refunds first. Whatever belongs to a store (of the number, the sale's terminal, the open pay)
 * comes with `store` only when the keys name it.
 */
export interface Seen {
  readonly purse: PurseRow | undefined
  readonly open: OperationRow | undefined
  readonly openOrder: OrderRow | undefined
  readonly openLoad: LoadRow | undefined
  readonly waiting: OrderRow | undefined
  readonly operation: OperationRow | undefined
  readonly account: AccountRow | undefined
  readonly device: DeviceRow | undefined
  readonly chip: ChipRow | undefined
  readonly store: StoreRow | undefined
  readonly terminal: TerminalRow | undefined
  readonly load: LoadRow | undefined
  readonly order: OrderRow | undefined
  readonly move: MoveRow | undefined
  readonly proposal: ProposalRow | undefined
  readonly number: NumberRow | undefined
  /** The operation that `number` opened. */
  readonly numbered: OperationRow | undefined
  readonly receipts: ReadonlyMap<number, ReceiptRow>
  /** What each sale was paid by, by saleName: the first debit that was booked for it, or a loss that the issuer has paid. */
  readonly sales: ReadonlyMap<string, Payer>
  readonly hotlistAfter: HotlistRow | undefined
  readonly fraud: Fraud | undefined
  readonly returned: ReturnRow | undefined
  readonly unsettled: Unsettled | undefined
  /** The store's word on `number`, and on the open pay; asked for only after a restore. */
  readonly honoured: HonouredRow | undefined
  readonly openHonoured: HonouredRow | undefined
  /** The operations that stand at the places of `ring`, by name. */
  readonly ring: ReadonlyMap<string, OperationRow>
  /** What the purse's chip has shown and the book did not know; asked for only after a restore. */
  readonly found: readonly FoundRow[]
  /** The load of the waiting order; asked for only after a restore. */
  readonly waitingLoad: LoadRow | undefined
  /** The store of the open pay; asked for only when the pay is of an older epoch than the present one. */
  readonly openStore: StoreRow | undefined
  /** The present epoch, as it stands for the whole transaction (F-12). */
  readonly present: EpochRow
  /** The book's clock, the same for the whole transaction (F-8). */
  readonly now: Instant
}

export interface Decision<A> {
  readonly answer: A
  readonly writes: readonly Write[]
}

/** One command: what it is about, and a pure decision. It may be decided again on fresher rows; only the last counts. */
export interface Command<A> {
  readonly keys: Keys
  decide(seen: Seen): Decision<A>
}

/** A write that was to add a row, and one of that name stands there which the decision did not see. */
export class RowTaken extends Error {
  override readonly name = 'RowTaken'
}

/** The book was lost while it was making a command durable: it may be done or not. Run the same command again. */
export class AnswerLost extends Error {
  override readonly name = 'AnswerLost'
}

/** Nothing changes; this is the answer. */
export const unchanged = <A>(answer: A): Decision<A> => ({ answer, writes: [] })

export interface Book {
  /**
   * Runs one command; the answer is given only after its writes are durable. Rejects with whatever `decide` throws, with
   * RowTaken, or with AnswerLost; nothing is written but in the last case, where nobody can know.
   */
  run<A>(command: Command<A>): Promise<A>
  /** Books the candidates (plain.ts) that are plain, of a purse none behind one that is not. @returns 1 for each booked */
  bookPlain(upload: ProvedUpload): Promise<Uint8Array>
  /** Reads without a lock, for answers that change nothing. */
  look(keys: Keys): Promise<Seen>
  /** Due tasks of the outbox, oldest first; each is hidden from other callers for `leaseMs`. */
  due(limit: number, leaseMs: number): Promise<readonly OutboxRow[]>
  /** The task is done, or is due again at `again`. */
  told(name: string, again?: Instant): Promise<void>
  close(): Promise<void>
}
