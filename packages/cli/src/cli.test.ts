/** The command as its users meet it: a process, its words, its exit code. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kozeni-cli-'))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function kozeni(...args: readonly string[]): { readonly code: number | null; readonly says: string } {
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, NO_COLOR: '1' }
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    encoding: 'utf8',
    env,
    timeout: 25_000,
  })
  return { code: status, says: stdout + stderr }
}

test('the command and each of its parts say what they are for', () => {
  const parts = ['day', 'center', 'store', 'terminal', 'phone', 'chip', 'audit', 'doctor']
  const { code, says } = kozeni('--help')
  expect(code).toBe(0)
  for (const part of parts) expect(says).toContain(part)
  for (const part of ['phone', 'terminal', 'center']) expect(kozeni(part, '--help').says).toContain('Options:')
})

test('an unknown word is answered with the way to help', () => {
  const { code, says } = kozeni('phone', 'dance')
  expect(code).not.toBe(0)
  expect(says).toContain('kozeni --help')
})

test('a data folder of a newer version is left alone, with the next step', () => {
  const newer = join(folder, 'newer')
  mkdirSync(newer)
  writeFileSync(join(newer, 'layout.json'), '{"layout":99}')
  const { code, says } = kozeni('--data', newer, 'doctor')
  expect(code).toBe(1)
  expect(says).toContain('laid out by a newer Kozeni')
  expect(says).toContain('--data FOLDER')
})

test('a data folder that is a file is named, with the next step', () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  expect(kozeni('--data', file, 'doctor')).toMatchObject({ code: 1 })
})

test('a phone without a chip is told how to get one', () => {
  expect(kozeni('--data', join(folder, 'empty'), 'phone', 'show').says).toContain('kozeni chip forge')
})

test('an audit of a folder without a vault makes no new keys', () => {
  const { code, says } = kozeni('--data', join(folder, 'empty'), 'audit')
  expect(code).toBe(1)
  expect(says).toContain('There is no vault')
})

test('operators’ commands say where their token comes from', () => {
  expect(kozeni('--data', join(folder, 'empty'), 'store', 'join', 'Bakery').says).toContain('kozeni center')
})

test.each(['0', '-1', '1e3', '１', '9007199254740992', 'ten'])('"%s" is no amount at a till or on a phone', amount => {
  const said = kozeni('--data', join(folder, 'empty'), 'terminal', 'sell', '--', amount)
  expect(said.code).not.toBe(0)
  expect(said.says).toContain('is not an amount')
})

test('an address that is none is refused before anything is done', () => {
  expect(kozeni('phone', '--center', 'nowhere', 'show').says).toContain('is not the address of a center')
})

test('a center whose port is taken says so, and which option chooses another', async () => {
  const taken = createServer()
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
  const address = taken.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const { code, says } = kozeni('--data', join(folder, 'busy'), 'center', '--port', String(port), '--no-log')
  taken.close()
  expect(code).toBe(1)
  expect(says).toContain(`Port ${port}`)
  expect(says).toContain('--port')
})

test('a database that does not answer is named without its password', () => {
  const url = 'postgres://kozeni:secret@127.0.0.1:1/none'
  const { code, says } = kozeni('--data', join(folder, 'far'), 'center', '--port', '0', '--database-url', url)
  expect(code).toBe(1)
  expect(says).not.toContain('secret')
})
