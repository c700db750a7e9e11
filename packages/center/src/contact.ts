/**
 * One contact between center and chip, through a relay that only carries bytes (PROTOCOL §3): the center is told what
 * the chip answered, judges it, and says what comes next, until there is nothing left to say. All that it must remember
 * between two posts is in the book, or in the token; any center process can take the next post.
 */
import type { Bytes } from '@kozeni/base/bytes'
import type { Clock } from '@kozeni/base/clock'
import type { Dice } from '@kozeni/base/dice'
import type { PurseId } from '@kozeni/base/ids'
import { type No, no, ok, type Result } from '@kozeni/base/result'
import { type CommandApdu, decodeResponse, encodeCommand } from '@kozeni/protocol/apdu'
import type { Crypto } from '@kozeni/protocol/crypto'
import { type Fenced, keyVersionOf, type Outcomes, seal, type ToChip, unseal } from '@kozeni/protocol/message'
import { INS, PURSE_AID, purseCommand, selectCommand } from '@kozeni/protocol/purse'
import { type Refusal, type RefusalCode, refusal, refusalOf } from '@kozeni/protocol/refusal'
import { blockFor } from './alarm.ts'
import {
  type Book,
  type Command,
  type Decision,
  type OperationRow,
  type PurseRow,
  type PurseStage,
  type Seen,
  unchanged,
  type Write,
} from './book.ts'
import { type PurseToken, sealToken } from './contact-token.ts'
import { type Judged, judge } from './evidence.ts'
import { fenced, isFencedAnswer, outcomesIn } from './fence.ts'
import { foundIn } from './found.ts'
import { gapShown } from './hold.ts'
import type { Marks } from './mark.ts'
import { isLeft } from './move.ts'
import { isListenedTo, leadOn } from './operation.ts'
import type { Policy } from './policy.ts'
import { type KeySchedule, versionsFrom, withKeys, withRaisedFloor } from './purse-keys.ts'
import { findSweep } from './put-back.ts'
import { epochAfter, isFenced, isUnheardOf, restored } from './restore.ts'
import { type Action, nextStep, type Proof, proves, type Step } from './step.ts'
import type { Vault } from './vault.ts'

/** What a contact works with. */
export interface Means {
  readonly book: Book
  readonly crypto: Crypto
  readonly vault: Vault
  readonly policy: Policy
  /** How far the book had come, noted outside it (F-12). */
  readonly marks: Marks
  readonly clock: Clock
  readonly dice: Dice
  /** The purse program as it is delivered. */
  readonly module: Bytes
}

/** What is to go to the chip next; without a token the contact is over. */
export interface Turn {
  readonly token: Bytes | undefined
  readonly commands: readonly Bytes[]
  readonly report: readonly Statement[]
}

/** One sentence of the contact's story, for a screen: the pair of flags, what it proved, what was done about it. */
export interface FlagStatement {
  readonly about: 'flags'
  readonly chip: boolean
  /** Fs before the chip was heard. */
  readonly center: boolean
  readonly proves: Proof
  readonly action: Action
  readonly operation: OperationRow | undefined
  /** Why the chip did not do what it was told, or rejected it for ever. */
  readonly reason: RefusalCode | undefined
}

/** A step of an installation that is finished. */
export interface InstallStatement {
  readonly about: 'installation'
  readonly step: 'channel' | 'program' | 'identity' | 'keys' | 'certificate' | 'activation' | 'round-trip'
  readonly stage: PurseStage
}

export type Statement = FlagStatement | InstallStatement

/** What the book says after the chip was heard, and what the chip is to be told. */
export interface Heard extends Step {
  readonly purse: PurseRow
  readonly report: readonly FlagStatement[]
}

/**
 * Opens what waits, and makes the first commands to a purse's chip.
 *
 * @refuses not-found · purse-not-active
 */
export async function beginContact(means: Means, caller: string, purse: PurseId): Promise<Result<Turn, Refusal>> {
  const heard = await hearing(means, purse, undefined, [])
  if (!heard.ok) return heard
  const { action, message } = heard.value
  // the chip says where it stands before it is told anything: so a screen can show what had happened
  const messages = message === undefined || message.type === 'read' ? [READ] : [READ, message]
  return turn(means, caller, { ...heard.value, action }, [selectCommand(PURSE_AID)], messages)
}

/**
 * Takes in what the chip answered to the last turn's commands, and makes the next.
 *
 * @refuses mac-wrong · chip-gone · purse-blocked (nothing that its chip says is believed) · what the chip says in plain
 *          status words
 */
export async function continueContact(
  means: Means,
  token: PurseToken,
  responses: readonly Bytes[],
): Promise<Result<Turn, Refusal>> {
  const said = outcomesSaid(means, token, responses)
  if (!said.ok) return said.refusal.code === 'key-version-unknown' ? await underLaterKeys(means, token, said) : said
  const heard = await hearing(means, token.purse, token, said.value)
  if (!heard.ok) return heard
  const { message, report, purse } = heard.value
  if (message === undefined) return ok({ token: undefined, commands: [], report })
  const [isDone, isInVain] = [said.value.at(-1)?.status === DONE, inVain(token, heard.value)]
  if (isInVain && !isDone) return ok({ token: undefined, commands: [], report })
  if (isInVain && purse.blocked) return no(refusal('purse-blocked', { purse: purse.purse }))
  return turn(means, token.caller, heard.value, [], [message])
}

/**
 * The chip has shut out the keys that a restored book knows: it is asked where it stands under the version behind them, and
 * so on. Its word in plain proves nothing and changes nothing; what it answers under other keys does.
 *
 * @refuses key-version-unknown: under none that the vault has
 */
async function underLaterKeys(means: Means, token: PurseToken, unknown: No<Refusal>): Promise<Result<Turn, Refusal>> {
  const [keyVersion] = versionsFrom(token.keyVersion + 1, token.purse, means.vault)
  if (keyVersion === undefined) return unknown
  const heard = await hearing(means, token.purse, undefined, [])
  if (!heard.ok) return heard
  const purse = { ...heard.value.purse, keyVersion }
  return turn(means, token.caller, { ...heard.value, purse, action: 'read' }, [], [READ])
}

/**
 * Takes in what a chip answered to a message that somebody has carried to it: evidence like any other.
 *
 * @refuses mac-wrong · chip-gone · not-found · purse-not-active · purse-blocked · what the chip says in plain status words
 * @spec    F-6, F-9
 */
export async function takeAnswer(means: Means, purse: PurseId, answer: Bytes): Promise<Result<undefined, Refusal>> {
  const said = outcomesOf(means, purse, answer)
  if (!said.ok) return said
  const heard = await hearing(means, purse, undefined, [said.value])
  return heard.ok ? ok(undefined) : heard
}

/** The chip has done what it was told. */
const DONE = 0x9000

const READ: ToChip = { type: 'read', body: {} }

/** A chip that has heard more of the center than the book remembers: an epoch has to begin. */
export interface Behind {
  readonly behind: number
}

/** Hears the chip; when that shows that the book was restored, hears it again in a new epoch. @spec F-12 */
async function hearing(means: Means, ...[purse, token, said]: Hearing): Promise<Result<Heard, Refusal>> {
  const heard = await means.book.run(hear(means, purse, token, said))
  if (!('behind' in heard)) return heard
  await restored(means, heard.behind, {
    subject: purse,
    facts: { epoch: String(heard.behind), noticed: 'by its chip' },
  })
  return await hearing(means, purse, token, said)
}

/** What the chip said, and under which version of its keys. */
export type Said = Outcomes & { readonly keyVersion: number }

type Hearing = [purse: PurseId, token: PurseToken | undefined, said: readonly Said[]]

/**
 * One transaction: judge what was said, decide what time has decided, open what waits, choose what to say.
 *
 * @refuses not-found · purse-not-active · purse-blocked (it speaks of an epoch that never was)
 */
export const hear = (
  means: Pick<Means, 'crypto'> & { readonly vault: KeySchedule },
  ...[purse, token, said]: Hearing
): Command<Result<Heard, Refusal> | Behind> => ({
  keys: { purse, ring: said.flatMap(one => (isFencedAnswer(one) ? outcomesIn(one) : [])) },
  decide: seen => {
    const { purse: row } = seen
    if (row === undefined || row.stage === 'retired') return unchanged(no(refusal('not-found')))
    if (!isListenedTo(row)) return unchanged(no(refusal('purse-not-active', { stage: row.stage })))
    const lie = said.find(one => isUnheardOf(one, seen.present))
    if (lie !== undefined) return notBelieved({ ...seen, purse: row }, lie)
    const [behind] = said.flatMap(one => epochAfter({ ...seen, purse: row }, one) ?? [])
    if (behind !== undefined) return unchanged({ behind })
    const judged = judgeAll(means.crypto, { ...seen, purse: row }, said)
    const answeredUnder = said.at(-1)?.keyVersion
    const keyed = withRaisedFloor(withKeys(judged.purse, answeredUnder, seen.now), answeredUnder, means.vault)
    const writes = [...judged.writes, ...putIf(keyed, judged.purse)]
    // what the fence has found is in the book from the next transaction on: nothing opens before that
    const after = isFenced(row, seen.present)
      ? leadOn(means.crypto, { ...seen, ...judged, purse: keyed })
      : { ...judged, purse: keyed, writes: [] }
    const left = leftBehind(seen, after.purse, said.at(-1))
    const step = nextStep({ ...seen, ...after }, said.at(-1))
    const report = judged.report.map((line, i) =>
      i === judged.report.length - 1 ? { ...line, action: step.action } : { ...line, action: token?.action ?? 'none' },
    )
    return {
      answer: ok({ purse: left ?? after.purse, report, ...step }),
      writes: [...writes, ...after.writes, ...putIf(left, after.purse), ...shown(row, left ?? after.purse, seen)],
    }
  },
})

/** Nothing else that the chip said in this turn is heard: its keys are out. */
const notBelieved = (seen: Seen & { readonly purse: PurseRow }, lie: Outcomes): Decision<Result<Heard, Refusal>> => ({
  answer: no(refusal('purse-blocked', { purse: seen.purse.purse })),
  writes: judge(seen, { ...lie, source: 'result' }).writes,
})

/** Void value that the chip had not shown before. @spec K-2 */
const shown = (before: PurseRow, after: PurseRow, { present, now }: Seen): readonly Write[] =>
  after.seenCredits > before.seenCredits ? gapShown(after, present, now) : []

const putIf = (row: PurseRow | undefined, before: PurseRow): Write[] =>
  row === undefined || row === before ? [] : [{ write: 'purse', row }]

/** Retired, if its holder has left it and its chip has shown, with nothing open before it spoke, that nothing is on it. */
const leftBehind = (seen: Seen, purse: PurseRow, said: Outcomes | undefined): PurseRow | undefined =>
  seen.open === undefined && isLeft(purse, seen.waiting, said) ? { ...purse, stage: 'retired' } : undefined

interface AllJudged extends Judged {
  readonly report: readonly FlagStatement[]
}

/** Everything that the chip said in this turn, in the order it was said. */
function judgeAll(crypto: Crypto, seen: Seen & { readonly purse: PurseRow }, said: readonly Outcomes[]): AllJudged {
  return said.reduce<AllJudged>(
    (before, outcomes) => {
      const judged = judgeSaid(crypto, { ...seen, purse: before.purse, open: before.open }, outcomes)
      const line = statement(before.purse, before.open, outcomes)
      return { ...judged, writes: [...before.writes, ...judged.writes], report: [...before.report, line] }
    },
    { purse: seen.purse, open: seen.open, writes: [], report: [] },
  )
}

function judgeSaid(crypto: Crypto, seen: Seen & { readonly purse: PurseRow }, said: Outcomes): Judged {
  const judged = isFencedAnswer(said) ? judgeFenced(crypto, seen, said) : judge(seen, { ...said, source: 'result' })
  const current = said.settingsEpoch === judged.purse.epoch && said.settings >= judged.purse.settings
  if (said.blocked && current && !judged.purse.blocked) return selfBlocked(judged, said, seen.now)
  const settingsSeen = said.settingsEpoch === judged.purse.epoch ? said.settings : judged.purse.settingsSeen
  if (settingsSeen === judged.purse.settingsSeen) return judged
  const purse = { ...judged.purse, settingsSeen }
  return { ...judged, purse, writes: [...judged.writes, { write: 'purse', row: purse }] }
}

/** Noted as any statement; then it closes what is of an older epoch, and names what the book has lost. */
function judgeFenced(crypto: Crypto, seen: Seen & { readonly purse: PurseRow }, said: Fenced): Judged {
  const noted = judge(seen, { ...said, source: 'result' })
  const judged = fenced({ ...seen, ...noted }, said)
  const before = [...noted.writes, ...judged.writes]
  if (judged.purse.epoch === noted.purse.epoch) return { ...judged, writes: before }
  const found = foundIn({ ...seen, ...noted }, said)
  const writes = [...before, ...found.map((row): Write => ({ write: 'found', row }))]
  const swept = findSweep(crypto, { ...seen, purse: judged.purse, found }, said)
  return swept === undefined
    ? { ...judged, writes }
    : { ...judged, purse: swept.purse, writes: [...writes, ...swept.writes] }
}

/** The chip has blocked itself: the center had acknowledged more than the chip has ever done (C-6). */
function selfBlocked(judged: Judged, said: Outcomes, now: number): Judged {
  const facts = {
    chip: `${said.offlineAmount} in ${said.offlineCount}`,
    acknowledged: `${said.acknowledgedAmount} in ${said.acknowledgedCount}`,
  }
  const blocked = blockFor(judged.purse, 'rolled-back', facts, now)
  return { ...judged, purse: blocked.purse, writes: [...judged.writes, ...blocked.writes] }
}

function statement(purse: PurseRow, operation: OperationRow | undefined, said: Outcomes): FlagStatement {
  return {
    about: 'flags',
    chip: said.flag,
    center: purse.flag,
    proves: proves(said.flag, purse.flag),
    action: 'none',
    operation,
    reason: said.status === DONE ? undefined : refusalOf(said.status),
  }
}

/** What the chip answered to this turn's messages: all of it authentic, or nothing is believed. */
function outcomesSaid(means: Means, token: PurseToken, responses: readonly Bytes[]): Result<readonly Said[], Refusal> {
  if (responses.length !== token.commands) return no(refusal('chip-gone'))
  const said: Said[] = []
  for (const bytes of responses.slice(-token.messages)) {
    const outcomes = outcomesOf(means, token.purse, bytes)
    if (!outcomes.ok) return outcomes
    said.push(outcomes.value)
  }
  return ok(said)
}

function outcomesOf(means: Means, purse: PurseId, bytes: Bytes): Result<Said, Refusal> {
  const response = decodeResponse(bytes)
  if (response === undefined) return no(refusal('chip-gone'))
  if (response.statusWord !== DONE) return no(refusal(refusalOf(response.statusWord) ?? 'not-personalised'))
  const keyVersion = keyVersionOf(response.data) ?? 0
  const keys = means.vault.purseKeys(keyVersion, purse)
  const message = keys && unseal(means.crypto, keys, purse, response.data)
  const fromChip = message?.type === 'result' || message?.type === 'fenced'
  return fromChip ? ok({ ...message.body, keyVersion }) : no(refusal('mac-wrong'))
}

/**
 * What it was told just now would be said again: the chip refuses it (a PIN, a freeze), or answers what nobody believes (a
 * chip that was put back). Saying it again would not help.
 */
const inVain = (token: PurseToken, { action, purse: { number, settings } }: Heard): boolean =>
  action === token.action && number === token.number && settings === token.settings

function turn(
  means: Means,
  caller: string,
  { purse: row, action, report }: Heard,
  before: readonly CommandApdu[],
  messages: readonly ToChip[],
): Result<Turn, Refusal> {
  const { purse, number, settings } = row
  const [keyVersion = row.keyVersion] = versionsFrom(row.keyVersion, purse, means.vault)
  const keys = means.vault.purseKeys(keyVersion, purse)
  if (keys === undefined) return no(refusal('key-version-unknown', { version: keyVersion }))
  const sealed = messages.map(message => purseCommand(INS.message, seal(means.crypto, keys, purse, message)))
  const commands = [...before, ...sealed].map(encodeCommand)
  const counts = { messages: messages.length, commands: commands.length }
  const token: PurseToken = { kind: 'purse', caller, purse, action, number, settings, keyVersion, ...counts }
  return ok({ token: sealToken(means, token), commands, report })
}
