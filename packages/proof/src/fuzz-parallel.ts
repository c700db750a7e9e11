/** Five hundred requests at once under one idempotency key: one effect, and everybody is told the same. */
import type { RouteName } from '@kozeni/api/routes'
import { routes } from '@kozeni/api/routes'
import type { SeededDice } from '@kozeni/base/dice'
import { type Holder, right } from '@kozeni/center/server-for-tests'
import type { Sample } from '@kozeni/center/server-sample-for-tests'
import { bring, saleOf, soundly } from './fuzz-messages.ts'
import { type FuzzTown, requestOf } from './fuzz-town.ts'

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
  const sample = await soundSample(town, name)
  const altered = { ...sample, body: alteredBody(sample.body) }
  const who = town.rightful(routes[name])
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

/** Of a purse that nobody has made a lost one meanwhile: a refund is of a sale that is paid, on-line or off-line. */
async function soundSample(town: FuzzTown, name: keyof typeof EFFECTS): Promise<Sample> {
  const sample = town.sample(name)
  if (name !== 'createRefund' && name !== 'createReturn') return sample
  const holder = await town.center.holder('00000000000000a3')
  const about = name === 'createRefund' ? await paidSale(town, holder) : await uploadedSale(town, holder)
  return { ...sample, body: { ...(sample.body as object), ...about } }
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
