/** What is only looked at: purses by their holders, everything by operators. */
import type { Answer } from '@kozeni/api/route'
import type { getPurse } from '@kozeni/api/routes-purse'
import { base64url, hex } from '@kozeni/base/bytes'
import { no, ok } from '@kozeni/base/result'
import { refusal } from '@kozeni/protocol/refusal'
import type { OrderRow, PurseRow, Seen } from './book.ts'
import type { Center } from './center.ts'
import { headJson } from './seal.ts'
import { operationAnswer, timeOf } from './server-answer.ts'
import type { Handlers } from './server-handler.ts'
import { pageOf } from './server-page.ts'

type ViewRoutes =
  | 'getHealth'
  | 'getSealedHead'
  | 'getPurse'
  | 'getPurseStory'
  | 'listOperations'
  | 'listAlarms'
  | 'getBalances'

/** Health, purses, stories, lists and balances. */
export const viewHandlers = (center: Center): Pick<Handlers, ViewRoutes> => ({
  getHealth: async () => {
    const { now } = await center.book.look({})
    return ok({ status: 'ok', at: timeOf(now) })
  },

  getSealedHead: async () => {
    const last = await center.views.lastSeal()
    if (last === undefined) return no(refusal('not-found'))
    return ok({ ...headJson(last), until: timeOf(last.until), publicKey: hex(center.vault.publicKey('audit')) })
  },

  getPurse: async ({ caller, params }) => {
    const seen = await center.book.look({ purse: params.purse })
    const mine = caller.kind === 'operator' || seen.purse?.account === caller.device.account
    if (seen.purse === undefined || !mine) return no(refusal('not-found'))
    const waiting = await center.views.waiting(params.purse)
    return ok(purseAnswer(seen.purse, seen, waiting))
  },

  getPurseStory: async ({ params, query }) => {
    const { purse } = await center.book.look(params)
    if (purse === undefined) return no(refusal('not-found'))
    const page = pageOf(query, 'time')
    if (!page.ok) return page
    const { rows, next } = await center.views.story(params.purse, page.value)
    const lines = rows.map(({ at, ...line }) => ({ at: timeOf(at), ...line }))
    return ok({ lines, ...(next !== undefined && { next }) })
  },

  listOperations: async ({ query: { open, purse, ...asked } }) => {
    const page = pageOf(asked, 'time')
    if (!page.ok) return page
    const wanted = { open: open === undefined ? undefined : open === 'true', purse }
    const { rows, next } = await center.views.operations(wanted, page.value)
    const now = center.clock.now()
    return ok({ operations: rows.map(row => operationAnswer(row, now)), ...(next !== undefined && { next }) })
  },

  listAlarms: async ({ query }) => {
    const page = pageOf(query, 'time')
    if (!page.ok) return page
    const { rows, next } = await center.views.alarms(page.value)
    const alarms = rows.map(row => ({ ...row, at: timeOf(row.at) }))
    return ok({ alarms, ...(next !== undefined && { next }) })
  },

  getBalances: async () => {
    const balances = await center.views.balances()
    const told = balances.map(({ balance, ...line }) => ({ ...line, balance: String(balance) }))
    return ok({ at: timeOf(center.clock.now()), balances: told })
  },
})

function purseAnswer(purse: PurseRow, seen: Seen, waiting: readonly OrderRow[]): Answer<typeof getPurse> {
  const { chip, device, chipClass, stage, currency, flag, epoch, number } = purse
  return {
    purse: purse.purse,
    chip,
    device,
    chipClass,
    stage,
    ...((stage === 'reserved' || stage === 'certified') && { reservedUntil: timeOf(purse.reservedUntil) }),
    currency,
    value: String(purse.credits - purse.debits),
    flag,
    epoch,
    number,
    ...(seen.open && { open: operationAnswer(seen.open, seen.now) }),
    waiting: waiting.map(orderAnswer),
    settings: settingsAnswer(purse),
    ...(purse.certificate && { certificate: base64url(purse.certificate) }),
  }
}

const orderAnswer = ({ order, kind, amount, currency, at }: OrderRow) => ({
  order,
  kind,
  amount: String(amount),
  currency,
  at: timeOf(at),
})

function settingsAnswer({ settings, settingsSeen, blocked, limits }: PurseRow) {
  const { lowerCount, upperCount, ...amounts } = limits
  return {
    number: settings,
    seen: settingsSeen,
    blocked,
    limits: {
      maximumValue: String(amounts.maximumValue),
      maximumDebit: String(amounts.maximumDebit),
      lowerAmount: String(amounts.lowerAmount),
      upperAmount: String(amounts.upperAmount),
      lowerCount,
      upperCount,
      pinAbove: String(amounts.pinAbove),
    },
  }
}
