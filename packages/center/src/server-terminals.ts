/** Tills: their receipts are taken in, each on its own; they are given all that they need to sell alone. */
import type { Answer, Input } from '@kozeni/api/route'
import type { exchangeMail, getTerminal, uploadReceipts } from '@kozeni/api/routes-terminal'
import { type Bytes, base64url, fromBase64url, NO_BYTES } from '@kozeni/base/bytes'
import { seconds } from '@kozeni/base/clock'
import type { PurseId } from '@kozeni/base/ids'
import { MONEY_MAX } from '@kozeni/base/money'
import { no, ok, type Result } from '@kozeni/base/result'
import { certify, terminalCertificate } from '@kozeni/protocol/certificate'
import { receiptsOf } from '@kozeni/protocol/receipts'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { StoreRow, TerminalRow } from './book.ts'
import type { JournalHead } from './book-receipt.ts'
import type { Center } from './center.ts'
import type { HotlistNews } from './hotlist.ts'
import { type Letter, lettersFor, takeAnswers } from './mail.ts'
import type { Policy } from './policy.ts'
import { noteUpload } from './register.ts'
import { noteNotGiven } from './return.ts'
import { timeOf } from './server-answer.ts'
import type { Handlers } from './server-handler.ts'
import { settledUntil, takeIn } from './take-in.ts'

/** Uploads, and what a till sells by. */
export const terminalHandlers = (
  center: Center,
): Pick<Handlers, 'uploadReceipts' | 'getTerminal' | 'exchangeMail'> => ({
  uploadReceipts: async ({ caller, body }) => {
    const receipts = receiptsOf(body.receipts.map(({ receipt }) => fromBase64url(receipt) ?? NO_BYTES))
    const places = body.receipts.map(({ position, hotlist }) => ({ position, hotlist }))
    const answers = await takeIn(center, caller.terminal, receipts, places)
    const notGiven = await takeNotGiven(center, caller.terminal, body.notGiven ?? [])
    await center.book.run(noteUpload(caller.terminal.terminal, headOf(body.journal)))
    const { version } = await center.hotlists.newest()
    return ok({ answers: answers.map(receiptAnswer), notGiven, hotlist: { version } })
  },

  getTerminal: async ({ caller: { terminal }, query }) => {
    if (terminal.stolen) return no(refusal('caller-not-allowed'))
    const { store } = await center.book.look({ store: terminal.store })
    if (store === undefined) return no(refusal('store-unknown'))
    const news = await center.hotlists.newsSince(Number(query.since ?? 0))
    return ok(standingOf(center, terminal, store, hotlistAnswer(news)))
  },

  exchangeMail: async ({ caller: { terminal }, body }) => {
    const answers = body.answers.map(({ purse, answer }) => ({ purse, answer: fromBase64url(answer) ?? NO_BYTES }))
    const taken = await takeAnswers(center, answers)
    const version = seconds(center.clock.now())
    const letters = await lettersFor(center, terminal)
    return ok({ taken: taken.map(takenAnswer), version, letters: letters.map(letterAnswer) })
  },
})

type Journal = Input<typeof uploadReceipts>['body']['journal']

/** The contract has checked the spelling. */
const headOf = (journal: Journal): JournalHead | undefined =>
  journal && { position: journal.position, hash: fromBase64url(journal.hash) ?? NO_BYTES }

type Told = Answer<typeof uploadReceipts>['notGiven'][number]

/** After the receipts, for one of them may be the proof. Final like a receipt: once a window has closed over it. */
async function takeNotGiven(
  { book, crypto, policy }: Center,
  { terminal, store }: TerminalRow,
  said: readonly { readonly sale: number; readonly purse: PurseId; readonly seq: number }[],
): Promise<Told[]> {
  if (said.length === 0) return []
  const settled = await settledUntil({ book, policy }, store)
  return await Promise.all(
    said.map(async one => {
      const { standing, at } = await book.run(noteNotGiven(crypto, { ...one, terminal, store }))
      const final = standing === 'nothing' || (standing === 'refunded' && at < settled)
      return { sale: one.sale, standing, final }
    }),
  )
}

const takenAnswer = (taken: Result<unknown, Refusal>): Answer<typeof exchangeMail>['taken'][number] =>
  taken.ok ? { standing: 'taken' } : { standing: 'refused', code: taken.refusal.code }

const letterAnswer = ({ purse, messages }: Letter) => ({ purse, messages: messages.map(base64url) })

type Taken = Awaited<ReturnType<typeof takeIn>>[number]
type ReceiptAnswer = Answer<typeof uploadReceipts>['answers'][number]

const receiptAnswer = ({ purse, seq, collected, final }: Taken): ReceiptAnswer => ({
  ...(purse !== undefined && seq !== undefined && { purse, seq }),
  standing: collected.standing,
  ...('code' in collected && { code: collected.code }),
  final,
})

function standingOf(
  center: Center,
  terminal: TerminalRow,
  store: StoreRow,
  hotlist: Answer<typeof getTerminal>['hotlist'],
): Answer<typeof getTerminal> {
  const now = center.clock.now()
  const { vault } = center
  return {
    terminal: terminal.terminal,
    store: store.store,
    currency: store.currency,
    certificate: base64url(terminalCertificateOf(center, terminal, store)),
    issuerKeys: [{ version: vault.issuerKeyVersion, publicKey: base64url(vault.publicKey('certificates')) }],
    limits: terminalLimits(center.policy),
    hotlist,
    at: timeOf(now),
  }
}

/** Says whose till it is; authorises nothing. @spec D-1 */
export function terminalCertificateOf(
  { vault, policy, clock }: Pick<Center, 'vault' | 'policy' | 'clock'>,
  { terminal, publicKey }: TerminalRow,
  { store, currency }: StoreRow,
): Bytes {
  return certify(message => vault.sign('certificates', message), terminalCertificate, {
    version: 1,
    type: 'terminal-certificate',
    issuerKeyVersion: vault.issuerKeyVersion,
    terminal,
    store,
    currency,
    expires: seconds(clock.now() + policy.terminalCertificateMs),
    publicKey,
  })
}

/** Sales that a till may hold back before it has to upload, in purses' upper limits. */
const UNUPLOADED_PURSES = 50n
const CLOCK_DOUBT_SECONDS = 300

/** What a till may risk while it is alone. @spec D-7, C-9 */
export function terminalLimits({ limits, maxOfflineMs }: Policy) {
  const unuploaded = UNUPLOADED_PURSES * limits.upperAmount
  return {
    perSale: String(limits.maximumDebit),
    perPurse: String(limits.upperAmount),
    unuploaded: String(unuploaded < MONEY_MAX ? unuploaded : MONEY_MAX),
    maxOfflineSeconds: seconds(maxOfflineMs),
    hotlistAgeSeconds: seconds(maxOfflineMs),
    clockDoubtSeconds: CLOCK_DOUBT_SECONDS,
  }
}

/** What a till lacks, and the signature of the whole that it then has. */
function hotlistAnswer({ list, since, purses, terminals }: HotlistNews): Answer<typeof getTerminal>['hotlist'] {
  const { version, at, signature } = list
  const entries: HotlistEntry[] = [
    ...purses.listed.map(purse => ({ subject: 'purse' as const, purse, listed: true })),
    ...purses.unlisted.map(purse => ({ subject: 'purse' as const, purse, listed: false })),
    ...terminals.listed.map(terminal => ({ subject: 'terminal' as const, terminal, listed: true })),
    ...terminals.unlisted.map(terminal => ({ subject: 'terminal' as const, terminal, listed: false })),
  ]
  return { version, since, at: timeOf(1000 * at), entries, signature: base64url(signature) }
}

type HotlistEntry = Answer<typeof getTerminal>['hotlist']['entries'][number]
