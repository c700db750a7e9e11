import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { siliconContract } from './silicon.contract.ts'
import { ERASED, PowerLost, SiliconTaken } from './silicon.ts'
import { openSiliconFile } from './silicon-file.ts'
import { MemorySilicon, type Torn } from './silicon-memory.ts'

const folder = mkdtempSync(join(tmpdir(), 'kozeni-silicon-'))
let files = 0
const freshPath = (): string => join(folder, `chip-${files++}`)

siliconContract('memory', sizeBytes => new MemorySilicon(sizeBytes))
siliconContract('file', sizeBytes => openSiliconFile(freshPath(), sizeBytes))

test.each<[Torn, number]>([
  ['old', 0x11],
  ['new', 0x22],
  ['erased', ERASED],
  [0x5a, 0x5a],
])(
  'power cut in the middle of a byte leaves it %s, those before it written and those after it untouched',
  (torn, left) => {
    const silicon = new MemorySilicon(3000)
    silicon.write(1020, new Uint8Array(10).fill(0x11))
    silicon.planCut({ afterBytes: 7, torn })
    silicon.write(0, new Uint8Array(3))
    expect(() => silicon.write(1020, new Uint8Array(10).fill(0x22))).toThrow(PowerLost)
    expect(() => silicon.read(0, 1)).toThrow(PowerLost)
    silicon.powerOn()
    const expected = [0x22, 0x22, 0x22, 0x22, left, 0x11, 0x11, 0x11, 0x11, 0x11]
    expect(silicon.read(1020, 10)).toEqual(Uint8Array.from(expected))
    silicon.write(1020, Uint8Array.of(1))
    expect(silicon.read(1020, 1)).toEqual(Uint8Array.of(1))
  },
)

test('a copy of a chip goes its own way', () => {
  const silicon = new MemorySilicon(3000)
  silicon.write(0, Uint8Array.of(1))
  const copy = silicon.copy()
  copy.write(0, Uint8Array.of(2))
  expect([silicon.read(0, 1)[0], copy.read(0, 1)[0]]).toEqual([1, 2])
})

test('a chip in a file is there again for the next process, and grows from a making that was cut off', () => {
  const path = freshPath()
  const first = openSiliconFile(path, 100)
  first.write(50, Uint8Array.of(1, 2, 3))
  first.close()
  expect(() => first.read(0, 1)).toThrow(PowerLost)
  const second = openSiliconFile(path, 200)
  expect(second.read(50, 3)).toEqual(Uint8Array.of(1, 2, 3))
  expect(second.read(100, 100)).toEqual(new Uint8Array(100).fill(ERASED))
  second.close()
})

test('a chip in a file is open once: a second opening is refused, here and from another process', async () => {
  const path = freshPath()
  const holder = await holdElsewhere(path)
  expect(() => openSiliconFile(path, 100)).toThrow(SiliconTaken)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const mine = openSiliconFile(path, 100) // the lock of a dead process is nobody's
  expect(() => openSiliconFile(path, 100)).toThrow(SiliconTaken)
  mine.close()
  openSiliconFile(path, 100).close()
})

/** Another process that has the chip open until it is killed. */
async function holdElsewhere(path: string): Promise<ReturnType<typeof spawn>> {
  const adapter = join(import.meta.dirname, 'silicon-file.ts')
  const script = `import { openSiliconFile } from ${JSON.stringify(adapter)}
    const held = openSiliconFile(${JSON.stringify(path)}, 100); console.log('open'); setInterval(() => held, 1000)`
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  if (child.stdout !== null) await once(child.stdout, 'data')
  return child
}
