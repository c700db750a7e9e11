import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bigEndian, hex } from '@kozeni/base/bytes'
import { StillClock, systemClock } from '@kozeni/base/clock'
import { systemDice } from '@kozeni/base/dice'
import { id, type PurseId } from '@kozeni/base/ids'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { vaultContract } from './vault.contract.ts'
import { changeVault, explainVault, openVault } from './vault-file.ts'
import { withNewVersion, withoutVersion } from './vault-master.ts'
import { memoryVault } from './vault-memory.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kozeni-vault-'))
})
afterAll(() => rm(folder, { recursive: true }))

const openFile = (name: string, passphrase?: string) =>
  openVault({ file: join(folder, name), passphrase, crypto, dice: systemDice, clock: systemClock })

async function opened(name: string, passphrase?: string) {
  const vault = await openFile(name, passphrase)
  if (!vault.ok) throw new Error(explainVault(vault.refusal))
  return vault.value
}

vaultContract('in memory', crypto, async () => memoryVault(crypto, 1))
vaultContract('in a file', crypto, () => opened('keyed.vault'))

test('more purses than derived keys are kept for are served all the same', () => {
  const vault = memoryVault(crypto, 1)
  const purse = (number: number) => id<PurseId>(hex(bigEndian(number, 8)))
  const first = vault.purseKeys(1, purse(1))
  for (let number = 2; number <= 20_002; number++) vault.purseKeys(1, purse(number))
  expect(vault.purseKeys(1, purse(1))).toEqual(first)
})

test('a passphrase opens the keys that it sealed', async () => {
  const [one, two] = [await opened('a.vault', 'right'), await opened('a.vault', 'right')]
  expect(two.publicKey('audit')).toEqual(one.publicKey('audit'))
})

test('only its owner can read the vault and its key file, and nothing else is left behind', async () => {
  await opened('private/vault')
  expect((await readdir(join(folder, 'private'))).sort()).toEqual(['vault', 'vault.key'])
  for (const name of ['vault', 'vault.key'])
    expect((await stat(join(folder, 'private', name))).mode & 0o777).toBe(0o600)
})

test('centers that start together on an empty folder have the same keys', async () => {
  for (const passphrase of [undefined, 'right']) {
    const name = `together-${passphrase}/vault`
    const vaults = await Promise.all([1, 2, 3].map(() => opened(name, passphrase)))
    expect(new Set(vaults.map(vault => vault.publicKey('certificates').join())).size).toBe(1)
  }
})

test('a wrong passphrase, a missing one, a missing key file and a damaged file are told apart', async () => {
  await opened('a.vault', 'right')
  expect(await openFile('a.vault', 'wrong')).toMatchObject({ refusal: { code: 'passphrase-wrong' } })
  expect(await openFile('a.vault')).toMatchObject({ refusal: { code: 'passphrase-missing' } })
  await opened('b.vault')
  await rm(join(folder, 'b.vault.key'))
  expect(await openFile('b.vault')).toMatchObject({ refusal: { code: 'key-file-missing' } })
  await writeFile(join(folder, 'c.vault'), 'not a vault')
  expect(await openFile('c.vault', 'right')).toMatchObject({ refusal: { code: 'vault-damaged' } })
})

test('no changed character of the file goes unnoticed, and a refused vault is left as it is', async () => {
  await opened('d.vault', 'right')
  const text = await readFile(join(folder, 'd.vault'), 'utf8')
  for (const at of [text.indexOf('salt') + 8, text.indexOf('nonce') + 9, text.length - 3, text.indexOf('\n') + 5]) {
    const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
    await writeFile(join(folder, 'd.vault'), changed)
    expect((await openFile('d.vault', 'right')).ok).toBe(false)
    expect(await readFile(join(folder, 'd.vault'), 'utf8')).toBe(changed)
  }
})

test('a folder that cannot be used is named', async () => {
  await opened('in-the-way', 'right')
  expect(await openFile('in-the-way/vault')).toMatchObject({ refusal: { code: 'vault-unusable' } })
})

const changed = (name: string, change: Parameters<typeof changeVault>[1], passphrase?: string) =>
  changeVault({ file: join(folder, name), passphrase, crypto, dice: systemDice, clock: systemClock }, change)

const PURSE = id<PurseId>('0000000000000001')

test('a further version reaches every process that has the vault open, and is used by all from one instant on', async () => {
  const now = Date.UTC(2026, 0, 5, 9)
  const clock = new StillClock(now) // once the instant was too great to be read: whoever rotated had no vault any more
  const file = { file: join(folder, 'e.vault'), passphrase: 'right', crypto, dice: systemDice, clock }
  const vaults = await Promise.all([1, 2].map(() => openVault(file)))
  const processes = vaults.map(vault => (vault.ok ? vault.value : expect.fail('a vault opens')))
  const before = processes[0]?.purseKeys(2, PURSE)
  expect((await changed('e.vault', masters => withNewVersion(masters, systemDice, now + 1000), 'right')).ok).toBe(true)
  for (const vault of processes) {
    await vault.refresh()
    expect([vault.keyVersion, vault.keyFloor]).toEqual([2, 1])
    expect(vault.purseKeys(2, PURSE)).toEqual(before)
  }
  clock.advance(1000)
  expect(processes.map(vault => [vault.keyVersion, vault.keyFloor])).toEqual([
    [3, 3],
    [3, 3],
  ])
  expect(processes[0]?.purseKeys(3, PURSE)).toEqual(processes[1]?.purseKeys(3, PURSE))
})

test('a revoked version is gone from the file and from every process, and the others stay', async () => {
  const vault = await opened('f.vault')
  await changed('f.vault', masters => withoutVersion(withNewVersion(masters, systemDice, 0), 1))
  await vault.refresh()
  expect([1, 2, 3].map(version => vault.purseKeys(version, PURSE)?.version)).toEqual([undefined, 2, 3])
  expect((await opened('f.vault')).purseKeys(1, PURSE)).toBeUndefined()
})

test('of many that change one vault at once none is lost without being told so', async () => {
  await opened('g.vault')
  const tried = await Promise.all([1, 2, 3, 4].map(() => changed('g.vault', all => withNewVersion(all, systemDice, 0))))
  expect((await opened('g.vault')).keyVersion).toBe(2 + tried.filter(({ ok }) => ok).length)
  for (const one of tried.filter(({ ok }) => !ok)) expect(one).toMatchObject({ refusal: { code: 'vault-busy' } })
})
