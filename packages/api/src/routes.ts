/** The closed table of all routes of the center, by name; and the matrix of who may call which. */
import { CALLER_KINDS, type CallerKind, type Route } from './route.ts'
import { contact } from './routes-contact.ts'
import { registerDevice } from './routes-device.ts'
import { getHealth, getSealedHead } from './routes-health.ts'
import { reserveInstallation } from './routes-installation.ts'
import { cancelLoad, createLoad, getLoad } from './routes-load.ts'
import { getMove, leavePurse } from './routes-move.ts'
import { listRefusedNumbers, raiseGeneration } from './routes-numbers.ts'
import {
  blockPurse,
  orderRefund,
  placeTerminal,
  registerChips,
  registerStore,
  registerTerminal,
  reportLost,
  settle,
} from './routes-operator.ts'
import { getBalances, listAlarms, listGaps, listOperations } from './routes-operator-view.ts'
import { createPayment, getPayment } from './routes-payment.ts'
import { confirmProposal, listFound, listProposals, propose, withdrawProposal } from './routes-proposal.ts'
import { getPurse, getPurseStory } from './routes-purse.ts'
import {
  createRefund,
  createReturn,
  getSeeds,
  getStatement,
  getStorePayment,
  listStatements,
  reportHonoured,
} from './routes-store.ts'
import { exchangeMail, getTerminal, uploadReceipts } from './routes-terminal.ts'
import { cardWebhook } from './routes-webhook.ts'

export const routes = {
  getHealth,
  getSealedHead,
  registerDevice,
  reserveInstallation,
  contact,
  createLoad,
  getLoad,
  cancelLoad,
  createPayment,
  getPayment,
  getPurse,
  getPurseStory,
  leavePurse,
  getMove,
  uploadReceipts,
  getTerminal,
  exchangeMail,
  getSeeds,
  getStorePayment,
  createRefund,
  createReturn,
  reportHonoured,
  listStatements,
  getStatement,
  cardWebhook,
  registerChips,
  registerStore,
  registerTerminal,
  settle,
  raiseGeneration,
  listRefusedNumbers,
  blockPurse,
  reportLost,
  placeTerminal,
  orderRefund,
  listOperations,
  listAlarms,
  listGaps,
  getBalances,
  propose,
  listProposals,
  confirmProposal,
  withdrawProposal,
  listFound,
} as const satisfies Record<string, Route>

export type RouteName = keyof typeof routes

/** Every route, in the table's order. */
export const allRoutes: readonly Route[] = Object.values(routes)

/** One cell of the matrix. */
export interface MayCall {
  readonly route: Route
  readonly caller: CallerKind
  readonly may: boolean
}

/**
 * Every route with every kind of caller: what a test of the server walks. Where nobody may call, everybody may: a
 * caller who says who it is loses nothing by it.
 */
export const callerMatrix: readonly MayCall[] = allRoutes.flatMap(route =>
  CALLER_KINDS.map(caller => ({
    route,
    caller,
    may: route.caller.includes(caller) || route.caller.includes('nobody'),
  })),
)
