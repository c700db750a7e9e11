/** Five hundred requests at once under one idempotency key: one effect, and everybody is told the same. */
import type { RouteName } from '@kozeni/api/routes'
import { routes } from '@kozeni/api/routes'
import type { SeededDice } from '@kozeni/base/dice'
import { type Holder, right } from '@kozeni/center/server-for-tests'
import type { Sample } from '@kozeni/center/server-sample-for-tests'
import { bring, saleOf, soundly } from './fuzz-messages.ts'
import { as, type FuzzTown, requestOf, type Who } from './fuzz-town.ts'

const AT_ONCE = 500
/** For the last of them, on a machine that does other things too. */
const TIMEOUT_MS = 60_000

/** Routes that take a key, and the table in which their one effect is. */
const EFFECTS = {
  createLoad: 'load',
  createRefund: 'order',
  createReturn: 'order',
  registerStore: 'store',
  registerTerminal: 'terminal',
  settle: 'settlement',
} as const satisfies Partial<Record<RouteName, string>>

const NAMES = Object.keys(EFFECTS) as readonly (keyof typeof EFFECTS)[]

/** Half of them the same, half with another body, of one route. */
export async function parallel(
  town: FuzzTown,
  dice: SeededDice,
): Promise<{ readonly requests: number; readonly wrong: readonly string[] }> {
  const name = NAMES[dice.below(NAMES.length)] ?? 'createLoad'
  town.center.clock.advance(1000) // a window closes later than the one before
  const { sample, who } = await ofFreshPurse(town, name)
  const altered = { ...sample, body: alteredBody(sample.body) }
  const rows = (): number => town.center.book.tables[EFFECTS[name]].size
  const before = rows()
  const answers = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, i) =>
      town.center.raw({ ...requestOf(i % 2 === 0 ? sample : altered, who), timeoutMs: TIMEOUT_MS }),
    ),
  )
  const taken = new Set(answers.filter(({ status }) => status < 300).map(({ body }) => body))
  const odd = answers.filter(({ status }) => status >= 500)
  const effects = rows() - before
  const wrong = [
    ...(effects > 1 ? [`${name}: ${AT_ONCE} at once under one key had ${effects} effects`] : []),
    ...(taken.size !== 1
      ? [`${name}: ${AT_ONCE} at once under one key were told ${taken.size} things; ${answers[0]?.body.slice(0, 200)}`]
      : []),
    ...(odd.length > 0 ? [`${name}: ${odd.length} of ${AT_ONCE} at once failed: ${odd[0]?.body.slice(0, 200)}`] : []),
  ]
  return { requests: AT_ONCE, wrong }
}

/** About a purse that is nobody else's: the town's own may be lost, left or blocked by now. */
async function ofFreshPurse(town: FuzzTown, name: keyof typeof EFFECTS): Promise<{ sample: Sample; who: Who }> {
  const [sample, who] = [town.sample(name), town.rightful(routes[name])]
  const about = ABOUT[name]
  if (about === undefined) return { sample, who }
  const holder = await town.center.holder('00000000000000a3')
  const body = { ...(sample.body as object), ...(await about(town, holder)) }
  return {
    sample: { ...sample, body },
    who: name === 'createLoad' ? as({ kind: 'device', id: holder.device }, holder) : who,
  }
}

/** What such a request is about: a purse that may be loaded, a sale that is paid, on-line or off-line. */
const ABOUT: Partial<Record<keyof typeof EFFECTS, (town: FuzzTown, holder: Holder) => Promise<object>>> = {
  createLoad: async (_, { purse }) => ({ purse }),
  createRefund: paidSale,
  createReturn: uploadedSale,
}

async function paidSale(town: FuzzTown, holder: Holder) {
  const sale = town.center.sale(town.scene.shop)
  right(await holder.call(routes.createPayment, { body: { purse: holder.purse, ...sale } }))
  await town.ask(bring(town, { holder }, { outcome: 'applied' }))
  return { number: sale.number }
}

async function uploadedSale(town: FuzzTown, holder: Holder) {
  await town.ask(soundly('uploadReceipts', town, { holder }))
  return { sale: saleOf(holder) }
}

function alteredBody(body: unknown): unknown {
  const fields = { ...(body as Readonly<Record<string, unknown>>) }
  if ('amount' in fields) return { ...fields, amount: '11' }
  if ('feeBasisPoints' in fields) return { ...fields, feeBasisPoints: 51 }
  return fields
}
