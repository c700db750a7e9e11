/**
 * Requests that nobody should send, to every route of the contract: bodies, paths and headers spoiled in one place and signed
 * as if they were sound; other people's requests; and sound ones between them, so that there is always something to break.
 * Every message about an operation, a sale or a purse in each of their states. And five hundred at once under one idempotency key. Nothing may fail, hang, or leave a trace of what was refused.
 */
import { routes } from '@kozeni/api/routes'
import { SeededDice } from '@kozeni/base/dice'
import type { RawRequest } from '@kozeni/center/server-for-tests'
import { matrix } from './fuzz-matrix.ts'
import { parallel } from './fuzz-parallel.ts'
import { misspelled, pick, strangeHeaders, strangeTarget, strangeText, strangeValue } from './fuzz-strange.ts'
import { FuzzTown, ROUTE_NAMES, requestOf } from './fuzz-town.ts'
import type { Layer, Report, Run, Size } from './layer.ts'

/** Strange ones, beside those of the matrix and those at once. */
const REQUESTS: Readonly<Record<Size, number>> = { canary: 1_000, quick: 10_000, full: 200_000 }
/** A center, with what was put into it, is asked this often; then another one is. */
const LIFE = 2_000

export const fuzz: Layer = {
  name: 'fuzz',
  proves:
    'Whatever is asked of the center over HTTP: it answers in time, it never fails, and what it refuses changes nothing; five hundred requests at once under one key have one effect.',
  tries: 'requests',
  atLeast: { quick: 10_000, full: 200_000 },
  budgetSeconds: { canary: 60, quick: 150, full: 900 },
  cores: 1,
  seesPlanted: false,
  run,
}

async function run({ size, seed, say, signal }: Run): Promise<Report> {
  const cells = await inTown(town => matrix(town, () => !signal.aborted))
  const found: string[] = [...cells.wrong]
  say(`every message in every state: ${cells.requests} requests, ${found.length} found`)
  const statuses = new Map<number, number>()
  let tried = cells.requests
  for (let life = 0; life * LIFE < REQUESTS[size] && !signal.aborted; life++) {
    const dice = new SeededDice(seed + life)
    const town = await FuzzTown.open()
    for (let i = 0; i < LIFE && !signal.aborted; i++, tried++) {
      const request = strange(dice, town)
      const answered = await town.ask(request)
      const status = answered.response?.status ?? 0
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      for (const each of town.judge(answered))
        found.push(`seed ${seed + life}, request ${i}: ${spelled(request)}: ${each}`)
    }
    const { requests, wrong } = await parallel(town, dice)
    tried += requests
    found.push(...wrong.map(each => `seed ${seed + life}: ${each}`))
    await town.close()
    if (life % 5 === 0) say(`${tried} requests, ${found.length} found`)
  }
  const counts = [...statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`)
  const figures = {
    'of them, every message in every state': String(cells.requests),
    'answers by status': counts.join(', '),
  }
  return { tried, found: found.slice(0, 50), figures }
}

async function inTown<A>(work: (town: FuzzTown) => Promise<A>): Promise<A> {
  const town = await FuzzTown.open()
  try {
    return await work(town)
  } finally {
    await town.close()
  }
}

/** The next request, by the dice. */
function strange(dice: SeededDice, town: FuzzTown): RawRequest {
  const name = pick(dice, ROUTE_NAMES)
  const sound = requestOf(town.sample(name), dice.below(8) === 0 ? town.another(dice) : town.rightful(routes[name]))
  const body = typeof sound.body === 'string' ? sound.body : ''
  switch (dice.below(10)) {
    case 0:
      return sound
    case 1:
      return { ...sound, target: strangeTarget(dice, sound.target) }
    case 2:
      return { ...sound, headers: { ...sound.headers, ...strangeHeaders(dice) } }
    case 3:
      return { ...sound, body: strangeText(dice) }
    case 4:
      return { ...sound, method: pick(dice, ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS']) }
    case 5:
      return { ...sound, spoil: headers => spoiled(dice, headers) }
    case 6:
      return { ...sound, body: misspelled(dice, body) }
    default:
      return body === '' ? sound : { ...sound, body: JSON.stringify(strangeValue(dice, JSON.parse(body))) }
  }
}

/** One field of what was signed is another, or gone. */
function spoiled(dice: SeededDice, headers: Readonly<Record<string, string>>): Record<string, string> {
  const name = pick(dice, Object.keys(headers).concat('accept'))
  const { [name]: field = '', ...others } = headers
  return dice.below(3) === 0 ? others : { ...others, [name]: misspelled(dice, field) }
}

const spelled = ({ method = 'POST', target, body = '' }: RawRequest): string =>
  `${method} ${target.slice(0, 120)} ${String(body).slice(0, 300)}`
