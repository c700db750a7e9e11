/** Where this process's time goes while something runs: V8's own profile, each function's own part of it. */
import { type Profiler, Session } from 'node:inspector/promises'
import { assert } from '@kozeni/base/assert'
import type { Measured } from './database.ts'

export interface Spent {
  readonly what: string
  /** Of the time in which anything ran. */
  readonly part: number
}

/** What V8 says of time in which nothing ran: the last that did is the profiler's own call. */
const IDLE = new Set(['(idle)', '(root)', 'post (node:inspector)'])

/**
 * @param work  measures something on the database that it is given: just that is profiled, not what is made beforehand
 * @returns the functions that took most, the most first
 */
export async function profiled(
  database: Measured,
  work: (database: Measured) => Promise<unknown>,
): Promise<readonly Spent[]> {
  const profiles: Profiler.Profile[] = []
  const around = async (run: () => Promise<void>): Promise<void> => {
    const session = new Session()
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.start')
    await run()
    profiles.push((await session.post('Profiler.stop')).profile)
    session.disconnect()
  }
  await work({ ...database, around })
  const [profile] = profiles
  assert(profile !== undefined && profiles.length === 1, 'one piece of work was measured')
  return spentIn(profile)
}

/** The functions that took most of a profile's time, the most first. */
export function spentIn({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile, most = 25): readonly Spent[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const spent = new Map<string, number>()
  samples.forEach((id, i) => {
    const name = names.get(id) ?? ''
    if (!IDLE.has(name)) spent.set(name, (spent.get(name) ?? 0) + (timeDeltas[i] ?? 0))
  })
  const all = [...spent.values()].reduce((sum, micros) => sum + micros, 0)
  const sorted = [...spent].sort(([, a], [, b]) => b - a).slice(0, most)
  return sorted.map(([what, micros]) => ({ what, part: micros / all }))
}

/** A function and its file: `hmac (protocol/src/crypto-node.ts)`. */
function nameOf({ functionName, url }: Profiler.ProfileNode['callFrame']): string {
  const file = url.split('/').slice(-3).join('/')
  return file === '' ? functionName : `${functionName || 'a function without a name'} (${file})`
}
