/**
 * One contact between a chip and the center. The relay, a phone or a terminal, carries bytes and understands none of
 * them: it decides nothing and stores nothing, so it cannot lose anything either. However a contact ends, the next one
 * finishes what it left.
 */
import { type Bytes, base64url, fromBase64url } from '@kozeni/base/bytes'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Reader } from '@kozeni/protocol/reader'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'

/** What the relay brings to the center: nothing at first, then the chip's answers, one for each command, in base64url. */
export interface Round {
  readonly token: string | undefined
  readonly responses: readonly string[]
}

/** What the center says to that. The token is its own, sealed; the report is for a screen. */
export interface Turn<Report> {
  readonly token?: string | undefined
  readonly commands: readonly string[]
  readonly done: boolean
  readonly report: Report
}

/** The center's end of one contact. */
export type Correspondent<Report> = (round: Round) => Promise<Result<Turn<Report>, Refusal>>

/** A contact that is longer than this is no contact: an installation needs far fewer rounds. */
export const ROUNDS_MAX = 200
/** As the contract has it: commands in one turn, and bytes in one command. */
export const COMMANDS_MAX = 256
const COMMAND_BYTES_MAX = 65_544

/**
 * Carries commands to the chip and answers to the center until the center says that it is done.
 *
 * @param progress  sees every report, the last one too
 * @returns         the last report
 * @refuses         chip-absent · chip-gone · center-unreachable · center-garbled · whatever the center refuses
 * @spec            PROTOCOL §3: an untrusted relay; P-2, P-4
 */
export async function relay<Report>(
  chip: Reader,
  center: Correspondent<Report>,
  progress: (report: Report) => void,
): Promise<Result<Report, Refusal>> {
  if (!(await chip.connect())) return no(refusal('chip-absent'))
  try {
    return await carry(chip, center, progress)
  } finally {
    await chip.disconnect()
  }
}

async function carry<Report>(
  chip: Reader,
  center: Correspondent<Report>,
  progress: (report: Report) => void,
): Promise<Result<Report, Refusal>> {
  let round: Round = { token: undefined, responses: [] }
  for (let rounds = 0; rounds < ROUNDS_MAX; rounds++) {
    const turn = await center(round)
    if (!turn.ok) return turn
    const { token, commands, done, report } = turn.value
    const apdus = readCommands(commands)
    if (apdus === undefined) return no(refusal('center-garbled', { field: 'commands' }))
    progress(report)
    round = { token, responses: await deliver(chip, apdus) }
    if (round.responses.length < apdus.length) return await chipGone(center, round)
    if (done) return ok(report)
    if (token === undefined) return no(refusal('center-garbled', { field: 'token' }))
  }
  return no(refusal('center-garbled', { field: 'done', rounds: ROUNDS_MAX }))
}

/** @returns one response for each command, or fewer: the chip was gone before it answered the next one */
async function deliver(chip: Reader, apdus: readonly Bytes[]): Promise<readonly string[]> {
  const responses: string[] = []
  for (const apdu of apdus) {
    const response = await chip.transmit(apdu)
    if (response === undefined) break
    responses.push(base64url(response))
  }
  return responses
}

/** What the chip did say may be the evidence that the center waits for, so it is brought all the same. */
async function chipGone<Report>(center: Correspondent<Report>, round: Round): Promise<Result<never, Refusal>> {
  const answered = round.responses.length
  if (answered > 0 && round.token !== undefined) await center(round)
  return no(refusal('chip-gone', { answered }))
}

/** All of a turn's commands are read before the first is sent: what is garbled in part is garbled. */
function readCommands(commands: readonly string[]): readonly Bytes[] | undefined {
  if (commands.length > COMMANDS_MAX) return undefined
  const apdus = commands.map(readApdu)
  return apdus.every(apdu => apdu !== undefined) ? apdus : undefined
}

function readApdu(text: string): Bytes | undefined {
  const apdu = text.length <= 2 * COMMAND_BYTES_MAX ? fromBase64url(text) : undefined
  return apdu !== undefined && apdu.length >= 4 && apdu.length <= COMMAND_BYTES_MAX ? apdu : undefined
}
