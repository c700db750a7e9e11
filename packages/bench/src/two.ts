/** Two center processes on one database: how much more they collect than one does. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { assert } from '@kozeni/base/assert'
import type { Work } from './measure.ts'

/** A second process that has its uploads ready. It ends when it has been told to go, and has. */
export async function second(url: string, purses: number, uploads: number): Promise<ChildProcess> {
  const main = fileURLToPath(new URL('./second-main.ts', import.meta.url))
  const child = spawn(process.execPath, [main, url, String(purses), String(uploads)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  assert(child.stdout !== null, 'its output is read')
  const early = once(child, 'exit').then(() => assert(false, 'the second process ended before it was told to go'))
  await Promise.race([once(child.stdout, 'data'), early])
  return child
}

/** The same work here and there, at once. The row's center is this process alone. */
export const beside = (work: string, mine: Work, child: ChildProcess): Work => ({
  ...mine,
  work,
  units: 2 * mine.units,
  run: async took => {
    const ended = once(child, 'exit')
    child.stdin?.write('go\n')
    await mine.run(took)
    const [code] = await ended
    assert(code === 0, 'the second process has done its part')
  },
})
