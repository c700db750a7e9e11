import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { deviceMemoryContract, fullState } from './device.contract.ts'
import { Device, deviceFromText, deviceText, newDevice } from './device.ts'
import { openDeviceFile } from './device-file.ts'
import { MemoryDeviceMemory } from './device-memory.ts'

const root = mkdtempSync(join(tmpdir(), 'kozeni-device-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const folder = (): string => mkdtempSync(join(root, 'one-'))

deviceMemoryContract('a device in memory', async () => {
  const memory = new MemoryDeviceMemory()
  return async () => memory
})

deviceMemoryContract('a device in a folder', async () => {
  const path = join(folder(), 'made', 'when-absent')
  return () => openDeviceFile(path)
})

test('only its owner may read the folder’s files', async () => {
  const path = folder()
  writeFileSync(join(path, 'device.json.new'), 'left over, and open to all', { mode: 0o644 })
  const memory = await openDeviceFile(path)
  await memory.write(fullState)
  await memory.write(fullState)
  expect(readdirSync(path).sort()).toEqual(['device.json', 'device.previous.json'])
  for (const file of readdirSync(path)) expect(statSync(join(path, file)).mode & 0o777).toBe(0o600)
})

test('what an interrupted replacement left behind is ignored', async () => {
  const path = folder()
  const memory = await openDeviceFile(path)
  await memory.write(fullState)
  writeFileSync(join(path, 'device.json.new'), deviceText(newDevice(fullState.key)).slice(0, 40))
  expect(await (await openDeviceFile(path)).read()).toEqual(fullState)
  await memory.write({ ...fullState, loads: [] })
  expect((await (await openDeviceFile(path)).read())?.loads).toEqual([])
})

test('a file cut off anywhere gives way to the state before it, and the device keeps its key', async () => {
  const path = folder()
  const memory = await openDeviceFile(path)
  await memory.write({ ...fullState, payments: [] })
  await memory.write(fullState)
  const whole = readFileSync(join(path, 'device.json'))
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: whole.length - 1 }), async size => {
      writeFileSync(join(path, 'device.json'), whole)
      truncateSync(join(path, 'device.json'), size)
      expect(await (await openDeviceFile(path)).read()).toEqual({ ...fullState, payments: [] })
    }),
  )
  await (await openDeviceFile(path)).write(fullState)
  expect(await memory.read()).toEqual(fullState)
})

test('when nothing can be read, no new identity is made over the old one', async () => {
  const path = folder()
  writeFileSync(join(path, 'device.json'), '{"key": "1')
  const memory = await openDeviceFile(path)
  await expect(Device.open(memory, () => fullState.key)).rejects.toThrow('damaged')
  expect(readFileSync(join(path, 'device.json'), 'utf8')).toBe('{"key": "1')
})

test('a change that cannot be written has not happened; the next one is tried', async () => {
  const memory = new MemoryDeviceMemory()
  let full = false
  const device = await Device.open(
    {
      read: () => memory.read(),
      write: state => (full ? Promise.reject(new Error('disk full')) : memory.write(state)),
    },
    () => fullState.key,
  )
  full = true
  await expect(device.change(() => fullState)).rejects.toThrow('disk full')
  expect(device.state.registered).toBeNull()
  full = false
  await device.change(before => ({ ...before, purses: fullState.purses }))
  expect(await memory.read()).toEqual({ ...newDevice(fullState.key), purses: fullState.purses })
})

test('text that is no whole device is none', () => {
  for (const text of ['', 'null', '[]', '{}', '{"key":"00"}']) expect(deviceFromText(text)).toBeUndefined()
})

test('a device that was written before certificates were renewed still opens, and its purse is to be renewed', () => {
  const before = deviceText(fullState).replace(/,\s*"expires": \d+/, '')
  expect(before).not.toContain('expires')
  const [purse] = fullState.purses
  expect(deviceFromText(before)?.purses[0]?.active).toEqual({ ...purse?.active, expires: 0 })
})
