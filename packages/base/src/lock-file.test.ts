import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { lockFile } from './lock-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'kozeni-lock-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let made = 0
const freshPath = (): string => join(folder, `file ${++made}`)

/** Another process that wants the lock, says whether it got it, and lives until it is killed. */
function wantElsewhere(path: string): ChildProcess {
  const script = `import { lockFile } from ${JSON.stringify(join(import.meta.dirname, 'lock-file.ts'))}
    globalThis.lock = lockFile(${JSON.stringify(path)}); console.log(lock ? 'mine' : 'taken'); setInterval(() => {}, 1000)`
  const args = ['--input-type=module-typescript', '-e', script]
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

const said = async ({ stdout }: ChildProcess): Promise<string> =>
  stdout === null ? '' : String((await once(stdout, 'data'))[0]).trim()

async function killed(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

test('one owner at a time, and the next when it lets go', () => {
  const path = freshPath()
  const first = lockFile(path)
  expect(lockFile(path)).toBeUndefined()
  first?.release()
  const second = lockFile(path)
  expect(second).toBeDefined()
  expect(statSync(`${path}.lock`).size).toBe(0)
  second?.release()
})

test('of many processes that want a dead owner’s lock at once, one gets it; it is free again when that one dies', async () => {
  const path = freshPath()
  const dead = wantElsewhere(path)
  expect(await said(dead)).toBe('mine')
  expect(lockFile(path)).toBeUndefined()
  await killed(dead)
  const many = Array.from({ length: 4 }, () => wantElsewhere(path))
  const answers = await Promise.all(many.map(said))
  expect(answers.toSorted()).toEqual(['mine', 'taken', 'taken', 'taken'])
  await Promise.all(many.map(killed))
  const mine = lockFile(path)
  expect(mine).toBeDefined()
  mine?.release()
})

test('a file that is no lock is left alone, and named', () => {
  const path = freshPath()
  writeFileSync(`${path}.lock`, 'somebody’s notes')
  expect(() => lockFile(path)).toThrow(`${path}.lock`)
})
