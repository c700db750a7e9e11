/** Contacts over HTTP: the relay's rounds, in the contract's spelling. Whose purse it is, is asked here; all else is contact.ts. */
import type { Answer } from '@kozeni/api/route'
import type { contact, contactPurpose } from '@kozeni/api/routes-contact'
import { type Bytes, base64url, fromBase64url } from '@kozeni/base/bytes'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { z } from 'zod'
import type { PurseRow } from './book.ts'
import type { Center } from './center.ts'
import { beginContact, continueContact, type Statement, type Turn } from './contact.ts'
import { openToken } from './contact-token.ts'
import { beginInstall, continueInstall } from './install.ts'
import { type Caller, callerName } from './server-caller.ts'
import type { Handlers } from './server-handler.ts'
import { ownPurse } from './server-own.ts'

type Relay = Extract<Caller, { kind: 'device' | 'terminal' }>
type Purpose = z.output<typeof contactPurpose>

/** Rounds of contacts, by whatever relay. */
export const contactHandlers = (center: Center): Pick<Handlers, 'contact'> => ({
  contact: async ({ caller, body: { purpose, token, responses } }) => {
    const turn =
      purpose === undefined
        ? await further(center, caller, fromBase64url(token ?? ''), responses.map(bytesOf))
        : await begun(center, caller, purpose)
    return turn.ok ? ok(answerOf(turn.value)) : turn
  },
})

async function begun(center: Center, caller: Relay, purpose: Purpose): Promise<Result<Turn, Refusal>> {
  if (purpose.kind === 'install') {
    const purse = await reservedFor(center, caller, purpose)
    return purse.ok ? ok(beginInstall(center, callerName(caller), purse.value)) : purse
  }
  const own = caller.kind === 'terminal' || (await ownPurse(center, caller.device.account, purpose.purse)).ok
  return own ? await beginContact(center, callerName(caller), purpose.purse) : no(refusal('not-found'))
}

/** Only the account that reserved the chip installs it. */
async function reservedFor(
  center: Center,
  caller: Relay,
  { chip }: Extract<Purpose, { kind: 'install' }>,
): Promise<Result<PurseRow, Refusal>> {
  const { chip: known } = await center.book.look({ chip })
  if (known === undefined) return no(refusal('chip-unknown'))
  if (known.purse === undefined || caller.kind !== 'device') return no(refusal('not-found'))
  const own = await ownPurse(center, caller.device.account, known.purse)
  return own.ok && own.value.stage === 'retired' ? no(refusal('purse-retired')) : own
}

async function further(
  center: Center,
  caller: Relay,
  sealed: Bytes | undefined,
  responses: readonly Bytes[],
): Promise<Result<Turn, Refusal>> {
  const token = sealed && openToken(center, callerName(caller), sealed)
  if (token === undefined) return no(refusal('token-wrong'))
  return token.kind === 'purse'
    ? await continueContact(center, token, responses)
    : await continueInstall(center, token, responses)
}

const bytesOf = (text: string): Bytes => fromBase64url(text) ?? new Uint8Array(0)

const answerOf = ({ token, commands, report }: Turn): Answer<typeof contact> => ({
  ...(token && { token: base64url(token) }),
  commands: commands.map(base64url),
  done: token === undefined,
  report: report.map(statementAnswer),
})

type Told = Answer<typeof contact>['report'][number]

function statementAnswer(said: Statement): Told {
  if (said.about === 'installation') return said
  const { chip, center, proves, action, operation } = said
  return {
    about: 'flags',
    flags: { chip: chip ? 1 : 0, center: center ? 1 : 0 },
    proves,
    action: action === 'read' ? 'none' : action,
    ...(operation && { operation: operationTold(operation) }),
  }
}

function operationTold(operation: NonNullable<Extract<Statement, { about: 'flags' }>['operation']>) {
  const { epoch, number, kind, amount, currency, decision, closed } = operation
  return { epoch, number, kind, amount: String(amount), currency, decision, outcome: closed?.outcome ?? 'none' }
}
