/**
 * A blank chip becomes a purse (PROTOCOL §7), over a relay, by a center that keeps no session. Every step is recorded on
 * both sides and can be done again from any point: what is there already is found, what is half done is done anew.
 *
 *   challenge   SELECT, INITIALIZE UPDATE
 *   listing     EXTERNAL AUTHENTICATE, GET STATUS twice
 *   key         [DELETE], [INSTALL for load, LOAD …], [INSTALL], personalise: identity, keys, make your key
 *   activation  certificate, activate
 *   proof       SELECT the purse, SET its limits: a verified round trip under the purse's own keys
 */
import { type Bytes, equal } from '@kozeni/base/bytes'
import { seconds } from '@kozeni/base/clock'
import { no, ok, type Result } from '@kozeni/base/result'
import { type CommandApdu, decodeResponse, encodeCommand, type ResponseApdu } from '@kozeni/protocol/apdu'
import { certify, purseCertificate } from '@kozeni/protocol/certificate'
import {
  deleteContent,
  getStatus,
  installAndMakeSelectable,
  installForLoad,
  installForPersonalization,
  LISTED,
  type Listed,
  loadBlocks,
  readStatus,
  selectIssuerDomain,
  storeData,
} from '@kozeni/protocol/globalplatform'
import { loadFileMessage } from '@kozeni/protocol/loadfile'
import { seal, unseal } from '@kozeni/protocol/message'
import {
  GROUP,
  group,
  INS,
  identity,
  keySet,
  PURSE_AID,
  PURSE_PACKAGE_AID,
  purseCommand,
  selectCommand,
} from '@kozeni/protocol/purse'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import {
  HOST_CHALLENGE_BYTES,
  initializeUpdate,
  openHost,
  SECURITY_LEVEL,
  type Session,
  unwrap,
  wrap,
} from '@kozeni/protocol/scp03'
import { type Command, type DeviceRow, type PurseRow, type PurseStage, unchanged } from './book.ts'
import type { InstallStatement, Means, Turn } from './contact.ts'
import { type InstallStep, type InstallToken, sealToken } from './contact-token.ts'
import { isInUse } from './operation.ts'
import { versionToBring, withKeys } from './purse-keys.ts'
import { settingsOf } from './step.ts'

const LOAD_BLOCK_BYTES = 2_000

/** The first commands of an installation's contact. */
export function beginInstall(means: Means, caller: string, purse: PurseRow): Turn {
  const hostChallenge = means.dice.bytes(HOST_CHALLENGE_BYTES)
  const commands = [selectIssuerDomain(), initializeUpdate(hostChallenge)].map(encodeCommand)
  const token: InstallToken = {
    kind: 'install',
    caller,
    purse: purse.purse,
    chip: purse.chip,
    step: 'challenge',
    hostChallenge,
    sessions: [],
    plain: 2,
  }
  return {
    token: sealToken(means, token),
    commands,
    report: [],
  }
}

/**
 * Takes in what the chip answered to the last commands of an installation, and makes the next.
 *
 * @refuses install-stale (which step, what the chip said) · mac-wrong · chip-gone · not-found
 */
export async function continueInstall(
  means: Means,
  token: InstallToken,
  responses: readonly Bytes[],
): Promise<Result<Turn, Refusal>> {
  const answers = answersIn(means, token, responses)
  if (!answers.ok) return answers
  const seen = await means.book.look({ purse: token.purse })
  if (seen.purse === undefined || seen.purse.chip !== token.chip) return no(refusal('not-found'))
  const device = await means.book.look({ device: seen.purse.device })
  if (device.device === undefined) return no(refusal('not-found'))
  const arrived = { means, token, purse: seen.purse, device: device.device, answers: answers.value }
  const next = await STEPS[token.step](arrived)
  return next.ok ? ok({ ...next.value, report: finished(token.step, seen.purse.stage) }) : next
}

/** What the chip's answers to a step's commands prove to be finished. */
const FINISHED: Readonly<Record<InstallStep, ReadonlyArray<InstallStatement['step']>>> = {
  challenge: [],
  listing: ['channel'],
  key: ['program', 'identity', 'keys'],
  activation: ['certificate', 'activation'],
  proof: ['round-trip'],
}

const finished = (step: InstallStep, stage: PurseStage): InstallStatement[] =>
  FINISHED[step].map(part => ({ about: 'installation', step: part, stage: step === 'proof' ? 'active' : stage }))

interface Arrived {
  readonly means: Means
  readonly token: InstallToken
  readonly purse: PurseRow
  readonly device: DeviceRow
  readonly answers: readonly ResponseApdu[]
}

const STEPS: Readonly<
  Record<InstallStep, (arrived: Arrived) => Promise<Result<Turn, Refusal>> | Result<Turn, Refusal>>
> = {
  challenge: openChannel,
  listing: bringProgram,
  key: bringCertificate,
  activation: askProof,
  proof: activate,
}

/** What the chip answered, out of the channel; every one must have gone well, or the step is done anew. */
function answersIn(
  means: Means,
  token: InstallToken,
  responses: readonly Bytes[],
): Result<readonly ResponseApdu[], Refusal> {
  if (responses.length !== token.plain + token.sessions.length) return no(refusal('chip-gone'))
  const answers: ResponseApdu[] = []
  for (const [i, bytes] of responses.entries()) {
    const response = decodeResponse(bytes)
    const session = token.sessions[i - token.plain]
    const answer = response && (session ? unwrap(means.crypto, session, response) : response)
    if (answer === undefined) return no(refusal('mac-wrong'))
    if (!wentWell(token.step, answer.statusWord)) return no(stale(token.step, answer.statusWord))
    answers.push(answer)
  }
  return ok(answers)
}

/** A blank chip has nothing to list, and says so with 6A88. */
const wentWell = (step: InstallStep, statusWord: number): boolean =>
  statusWord === 0x9000 || (step === 'listing' && statusWord === 0x6a88)

const stale = (step: InstallStep, statusWord: number): Refusal =>
  refusal('install-stale', { step, statusWord: statusWord.toString(16).padStart(4, '0') })

function openChannel({ means, token, answers }: Arrived): Result<Turn, Refusal> {
  const keys = means.vault.cardKeys(token.chip)
  const initialized = answers[1]?.data ?? new Uint8Array(0)
  const opened = openHost(means.crypto, keys, token.hostChallenge, initialized, SECURITY_LEVEL.bothSecret)
  if (opened === undefined) return no(refusal('mac-wrong'))
  const listing = [getStatus(LISTED.loadFiles), getStatus(LISTED.programs)]
  return through(means, { ...token, step: 'listing' }, opened.session, listing, [opened.command])
}

/** Sends commands through the channel, after some that open it, and remembers the channel as it is after each. */
function through(
  means: Means,
  token: InstallToken,
  from: Session,
  commands: readonly CommandApdu[],
  before: readonly CommandApdu[] = [],
): Result<Turn, Refusal> {
  const sessions: Session[] = []
  const wrapped = commands.map(command => {
    const sent = wrap(means.crypto, sessions.at(-1) ?? from, command)
    sessions.push(sent.session)
    return sent.command
  })
  return ok({
    token: sealToken(means, { ...token, sessions, plain: before.length }),
    commands: [...before, ...wrapped].map(encodeCommand),
    report: [],
  })
}

/** Only what the chip lacks is brought; a program that never became this purse is made anew. */
function bringProgram({ means, token, purse, device, answers }: Arrived): Result<Turn, Refusal> {
  const [loadFiles, programs] = [readStatus(answers[1]?.data ?? NONE), readStatus(answers[2]?.data ?? NONE)]
  const session = token.sessions.at(-1)
  if (loadFiles === undefined || programs === undefined || session === undefined) return no(refusal('data-wrong'))
  const stands = has(programs, PURSE_AID)
  const keep = stands && purse.stage !== 'reserved'
  const keys = versionToBring(purse, means.vault)
  const commands = [
    ...(stands && !keep ? [deleteContent(PURSE_AID)] : []),
    ...(has(loadFiles, PURSE_PACKAGE_AID) ? [] : loading(means)),
    ...(keep ? [] : [installAndMakeSelectable(PURSE_PACKAGE_AID, PURSE_AID)]),
    installForPersonalization(PURSE_AID),
    ...personalisation(means, purse, device, keys),
  ]
  return through(means, { ...token, step: 'key', ...(keys && { keys }) }, session, commands)
}

const NONE = new Uint8Array(0)
const has = (listed: readonly Listed[], aid: Bytes): boolean => listed.some(row => equal(row.aid, aid))

function loading({ crypto, vault, module }: Means): readonly CommandApdu[] {
  const file = { packageAid: PURSE_PACKAGE_AID, module }
  const signed = { ...file, signature: vault.sign('load-files', loadFileMessage(crypto, file)) }
  return [installForLoad(crypto, signed), ...loadBlocks(signed, LOAD_BLOCK_BYTES)]
}

/**
 * Identity, keys, and the order to make a key: the same bytes whenever this purse is installed. A purse in use gets a
 * further version of its keys, or nothing, and tells the key that it has.
 */
function personalisation(
  means: Means,
  purse: PurseRow,
  device: DeviceRow,
  further: number | undefined,
): readonly CommandApdu[] {
  // two versions live on a chip, so that a rotation refuses no valid payment (PROTOCOL §8)
  const versions = isInUse(purse) ? [further ?? 0] : [purse.keyVersion - 1, purse.keyVersion]
  const keys = versions.flatMap(version => means.vault.purseKeys(version, purse.purse) ?? [])
  const groups = [
    ...(isInUse(purse) ? [] : [group(GROUP.identity, identityOf(means, purse, device))]),
    ...keys.map(set => group(GROUP.keys, keySet.write(set))),
    group(GROUP.makeKey, NONE),
  ]
  return groups.map((data, i) => storeData(data, i, false))
}

function identityOf({ vault, policy }: Means, purse: PurseRow, device: DeviceRow): Bytes {
  return identity.write({
    purse: purse.purse,
    device: purse.device,
    currency: purse.currency,
    chipClass: purse.chipClass,
    epoch: purse.epoch,
    time: seconds(purse.reservedUntil - policy.reservationMs),
    issuerKeyVersion: vault.issuerKeyVersion,
    issuerKey: vault.publicKey('certificates'),
    deviceKey: device.publicKey,
  })
}

/** The chip has told its public key, through the channel: the center certifies it. */
async function bringCertificate({ means, token, purse, device, answers }: Arrived): Promise<Result<Turn, Refusal>> {
  const publicKey = answers.at(-1)?.data
  const session = token.sessions.at(-1)
  if (publicKey?.length !== 65 || session === undefined) return no(refusal('data-wrong'))
  const certificate = await means.book.run(certifyKey(means, token, publicKey))
  if (!certificate.ok) return certificate
  const groups = [group(GROUP.certificate, certificate.value), group(GROUP.activate, NONE)]
  const before = personalisation(means, purse, device, token.keys).length
  const commands = groups.map((data, i) => storeData(data, before + i, i === groups.length - 1))
  return through(means, { ...token, step: 'activation', publicKey }, session, commands)
}

/**
 * A key that was certified before keeps its certificate, so that the chip gets the same bytes again, until half of its
 * time is over: then it gets a new one (C-9). An active purse never changes its key. What it was brought of secret keys in
 * the same step it has, for it has answered what came behind them.
 */
const certifyKey = (
  means: Means,
  { purse, keys }: InstallToken,
  publicKey: Bytes,
): Command<Result<Bytes, Refusal>> => ({
  keys: { purse },
  decide: ({ purse: before, now }) => {
    if (before === undefined) return unchanged(no(refusal('not-found')))
    const row = withKeys(before, keys, now)
    const known = row.publicKey !== undefined && equal(row.publicKey, publicKey) ? row.certificate : undefined
    if (known !== undefined && !worn(means.policy, known, now))
      return row === before ? unchanged(ok(known)) : { answer: ok(known), writes: [{ write: 'purse', row }] }
    if (known === undefined && isInUse(row)) return unchanged(no(refusal('chip-taken')))
    const certificate = certificateOf(means, row, publicKey, now)
    const stage = row.stage === 'reserved' ? 'certified' : row.stage
    return {
      answer: ok(certificate),
      writes: [{ write: 'purse', row: { ...row, stage, publicKey, certificate } }],
    }
  },
})

/** Whether half of a certificate's time is over. */
function worn({ purseCertificateMs }: Means['policy'], certificate: Bytes, now: number): boolean {
  const facts = purseCertificate.read(certificate.slice(0, purseCertificate.size))
  return facts === undefined || facts.expires < seconds(now + purseCertificateMs / 2)
}

/** @returns a purse certificate of this issuer, with its signature. @spec C-9 */
export function certificateOf(
  { vault, policy }: Pick<Means, 'vault' | 'policy'>,
  purse: PurseRow,
  publicKey: Bytes,
  now: number,
): Bytes {
  return certify(message => vault.sign('certificates', message), purseCertificate, {
    version: 1,
    type: 'purse-certificate',
    issuerKeyVersion: vault.issuerKeyVersion,
    purse: purse.purse,
    chipClass: purse.chipClass,
    currency: purse.currency,
    expires: seconds(now + policy.purseCertificateMs),
    publicKey,
  })
}

/** Nothing is believed until the purse has answered under its own keys. */
function askProof({ means, token, purse }: Arrived): Result<Turn, Refusal> {
  const keys = means.vault.purseKeys(purse.keyVersion, purse.purse)
  if (keys === undefined) return no(refusal('key-version-unknown', { version: purse.keyVersion }))
  const set = purseCommand(INS.message, seal(means.crypto, keys, purse.purse, settingsOf(purse, means.clock.now())))
  const commands = [selectCommand(PURSE_AID), set].map(encodeCommand)
  const next: InstallToken = { ...token, step: 'proof', sessions: [], plain: commands.length }
  return ok({
    token: sealToken(means, next),
    commands,
    report: [],
  })
}

async function activate({ means, token, purse, answers }: Arrived): Promise<Result<Turn, Refusal>> {
  const keys = means.vault.purseKeys(purse.keyVersion, purse.purse)
  const message = keys && unseal(means.crypto, keys, purse.purse, answers[1]?.data ?? NONE)
  if (message?.type !== 'result') return no(refusal('mac-wrong'))
  const { settings, settingsEpoch } = message.body
  if (settingsEpoch !== purse.epoch || settings < purse.settings) return no(stale('proof', message.body.status))
  const active = await means.book.run(activation(token, message.body.status))
  return active.ok ? ok({ token: undefined, commands: [], report: [] }) : active
}

/**
 * The key that was certified last may be one that the chip had before its program was made anew: an answer of an earlier
 * contact that came late. Then the purse is installed once more, and tells its key again.
 */
const activation = ({ purse, publicKey }: InstallToken, status: number): Command<Result<undefined, Refusal>> => ({
  keys: { purse },
  decide: ({ purse: row }) => {
    if (row?.stage !== 'certified') return unchanged(ok(undefined))
    const isCertified = row.publicKey !== undefined && publicKey !== undefined && equal(row.publicKey, publicKey)
    if (!isCertified) return unchanged(no(stale('proof', status)))
    return {
      answer: ok(undefined),
      writes: [{ write: 'purse', row: { ...row, stage: 'active', settingsSeen: row.settings } }],
    }
  },
})
