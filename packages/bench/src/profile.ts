/** Where this process's time goes while something runs: V8's own profile, each function's own part of it. */
import { Session } from 'node:inspector/promises'

export interface Spent {
  readonly what: string
  /** Of the time in which anything ran. */
  readonly part: number
}

/** What V8 says of time in which nothing ran. */
const IDLE = new Set(['(idle)', '(root)'])

/** @returns the functions that took most, the most first */
export async function profiled(run: () => Promise<unknown>, most = 25): Promise<readonly Spent[]> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.start')
  await run()
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const spent = new Map<string, number>()
  profile.samples?.forEach((id, i) => {
    const name = names.get(id) ?? ''
    if (!IDLE.has(name)) spent.set(name, (spent.get(name) ?? 0) + (profile.timeDeltas?.[i] ?? 0))
  })
  const all = [...spent.values()].reduce((sum, micros) => sum + micros, 0)
  const sorted = [...spent].sort(([, a], [, b]) => b - a).slice(0, most)
  return sorted.map(([what, micros]) => ({ what, part: micros / all }))
}

interface Frame {
  readonly functionName: string
  readonly url: string
}

/** A function and its file: `hmac (protocol/src/crypto-node.ts)`. */
function nameOf({ functionName, url }: Frame): string {
  const file = url.split('/').slice(-3).join('/')
  return file === '' ? functionName : `${functionName || 'a function without a name'} (${file})`
}
