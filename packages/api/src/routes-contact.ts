/**
 * A contact: a relay carries APDUs between a chip and the center, in as many rounds as it takes. The center keeps no
 * session; its sealed token does, and carries no authority over money (P-4). What happened is told for people.
 */
import { z } from 'zod'
import { chip, load, purse } from './name.ts'
import type { Route } from './route.ts'
import { purseStage } from './routes-installation.ts'
import { loadStage } from './routes-load.ts'
import { amount, bytes, currency, kind, naming, outcome, whole } from './schema.ts'

/** Of one APDU, and of APDUs in one round: far more than a center sends, and far less than hurts a phone. */
const APDU_BYTES = 4096
const APDUS = 64

export const contactToken = naming(
  'ContactToken',
  'The center’s sealed memory of this contact. Hand it back as it is; repeating it repeats the answer.',
  bytes(1, 4096),
)

export const contactPurpose = naming(
  'ContactPurpose',
  'Why the chip is here: to be made a purse, or as the purse it is.',
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('install'), chip }),
    z.strictObject({ kind: z.literal('purse'), purse }),
  ]),
)

export const contactRound = naming(
  'ContactRound',
  'The first round has a purpose and no token; every later one has the token and the chip’s responses, one for each ' +
    'command. When the chip is gone half-way, begin a new contact.',
  z
    .strictObject({
      purpose: contactPurpose.optional(),
      token: contactToken.optional(),
      responses: z.array(bytes(2, APDU_BYTES)).max(APDUS),
    })
    .refine(({ purpose, token }) => (purpose === undefined) !== (token === undefined), { path: ['purpose'] }),
  { purpose: { kind: 'purse', purse: '5f3a91c07be2d846' }, responses: [] },
)

export const operationDecision = naming(
  'OperationDecision',
  'The center’s own decision; final when it is not open.',
  z.enum(['open', 'commit', 'void']),
  'open',
)

const flag = z.union([z.literal(0), z.literal(1)])

/** What a pair of flags proves (PROTOCOL §3). */
export const proves = z.enum(['at-rest', 'recorded-not-executed', 'executed-not-closed', 'closed-not-confirmed'])

/** The one action that leads on from there. */
export const recoveryAction = z.enum([
  'none',
  'read',
  'send-command',
  'resend-command',
  'send-abort',
  'send-confirm',
  'send-settings',
  'send-fence',
])

export const flagStatement = naming(
  'FlagStatement',
  'The pair of flags, what it proves, and the one action that leads on.',
  z.object({
    about: z.literal('flags'),
    flags: z.object({ chip: flag, center: flag }),
    proves,
    action: recoveryAction,
    operation: z
      .object({ epoch: whole, number: whole, kind, amount, currency, decision: operationDecision, outcome })
      .optional(),
  }),
  {
    about: 'flags',
    flags: { chip: 0, center: 1 },
    proves: 'recorded-not-executed',
    action: 'resend-command',
    operation: {
      epoch: 1,
      number: 7,
      kind: 'load',
      amount: '1200',
      currency: 'JPY',
      decision: 'open',
      outcome: 'none',
    },
  },
)

export const installationStatement = naming(
  'InstallationStatement',
  'The step of the installation that was just finished, and how far the purse has come.',
  z.object({
    about: z.literal('installation'),
    step: z.enum(['channel', 'program', 'identity', 'keys', 'certificate', 'activation', 'round-trip']),
    stage: purseStage,
  }),
  { about: 'installation', step: 'program', stage: 'reserved' },
)

export const loadStatement = naming(
  'LoadStatement',
  'What became of a load: also when a cancellation came too late.',
  z.object({ about: z.literal('load'), load, amount, currency, stage: loadStage, cancelled: z.boolean() }),
)

export const settingsStatement = naming(
  'SettingsStatement',
  'The chip has the newest settings.',
  z.object({ about: z.literal('settings'), settings: whole, blocked: z.boolean() }),
  { about: 'settings', settings: 3, blocked: false },
)

export const statement = naming(
  'ContactStatement',
  'One thing that people should see of a contact.',
  z.discriminatedUnion('about', [flagStatement, installationStatement, loadStatement, settingsStatement]),
)

export const contactAnswer = naming(
  'ContactAnswer',
  'APDUs to send to the chip, in order; stop at the first that it does not answer. When done, the contact is over after them.',
  z.object({
    token: contactToken.optional(),
    commands: z.array(bytes(4, APDU_BYTES)).max(APDUS),
    done: z.boolean(),
    report: z.array(statement).max(64),
  }),
)

export const contact = {
  name: 'contact',
  method: 'POST',
  path: '/v1/contacts',
  caller: ['device', 'terminal'],
  body: contactRound,
  answer: contactAnswer,
  refuses: [
    'not-found',
    'chip-unknown',
    'chip-taken',
    'install-stale',
    'token-wrong',
    'purse-retired',
    'mac-wrong',
    'signature-wrong',
    'data-wrong',
    'chip-defective',
    'not-personalised',
  ],
  summary: 'Carry one round of APDUs between a chip and the center',
  description:
    'Whatever is open is led on: commands are sent again, operations closed, flags lowered, settings brought. Any relay ' +
    'may carry them, at any time, as often as it likes. Begin anew whenever a contact was interrupted.',
  idempotent: 'by-nature',
} as const satisfies Route
