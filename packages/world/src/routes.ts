/** What a center of a world answers: the real handlers of the routes that somebody asks for, without the web around them. */
import type { Center } from '@kozeni/center/center'
import { Hotlists } from '@kozeni/center/hotlist'
import { RefusedNumbers } from '@kozeni/center/refused-numbers'
import { contactHandlers } from '@kozeni/center/server-contacts'
import { deviceHandlers } from '@kozeni/center/server-devices'
import type { Handlers } from '@kozeni/center/server-handler'
import { loadHandlers } from '@kozeni/center/server-loads'
import { paymentHandlers } from '@kozeni/center/server-payments'
import { storeHandlers } from '@kozeni/center/server-stores'
import { terminalHandlers } from '@kozeni/center/server-terminals'
import { webhookHandlers } from '@kozeni/center/server-webhooks'
import type { QuickDice } from './quick-dice.ts'

/** The routes that somebody in a world asks for. */
export type Routes = Pick<
  Handlers,
  | 'contact'
  | 'registerDevice'
  | 'reserveInstallation'
  | 'createLoad'
  | 'cancelLoad'
  | 'getLoad'
  | 'createPayment'
  | 'getPayment'
  | 'uploadReceipts'
  | 'getTerminal'
  | 'exchangeMail'
  | 'getSeeds'
  | 'getStorePayment'
  | 'createRefund'
  | 'reportHonoured'
  | 'cardWebhook'
>

/** The routes of a center made of these parts. */
export const routesOf = (center: Center): Routes => ({
  ...contactHandlers(center),
  ...deviceHandlers(center),
  ...loadHandlers(center),
  ...paymentHandlers(center, new RefusedNumbers()),
  ...terminalHandlers(center),
  ...storeHandlers(center),
  ...webhookHandlers(center),
})

/** All that differs between two processes of one center is left out: each has its own. */
export type CenterParts = Omit<Center, 'hotlists' | 'dice' | 'log' | 'operators'>

/** A center's own lists and dice around its parts; it lets no operator in and says nothing. */
export const centerOf = (parts: CenterParts, dice: QuickDice): Center => ({
  ...parts,
  dice,
  hotlists: new Hotlists(parts),
  operators: [],
  log: () => {},
})
