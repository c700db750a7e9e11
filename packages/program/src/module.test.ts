/** The module that is delivered to chips: what it may be made of (C-5), and that weakened ones can be made from patched source. */
import { expect, test } from 'vitest'
import { builtPurse, compilePurse } from './compile-node.ts'
import { HOST_FUNCTIONS, HOST_MODULE, PROGRAM_EXPORTS } from './host.ts'

const bytes = await builtPurse()
const module = new WebAssembly.Module(bytes)

test('it imports nothing but the host’s functions, and exports its memory and what a chip calls', () => {
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    expect([from, kind]).toEqual([HOST_MODULE, 'function'])
    expect(Object.keys(HOST_FUNCTIONS)).toContain(name)
  }
  const names = WebAssembly.Module.exports(module).map(({ name }) => name)
  expect(names.toSorted()).toEqual(['memory', ...Object.keys(PROGRAM_EXPORTS)].toSorted())
})

test('it has one page of memory for good, no start function, nothing beside WebAssembly 1.0, and fits in eight kilobytes', () => {
  const sections = new Map(readSections(bytes))
  expect([...sections.keys()]).toEqual([1, 2, 3, 5, 6, 7, 10, 11])
  expect([...(sections.get(5) ?? [])]).toEqual([1, 1, 1, 1])
  expect(bytes.length).toBeLessThan(8192)
})

test('the same sources make the same module', async () => {
  expect(await compilePurse()).toEqual(bytes)
})

test('patched source makes another module; source that does not compile is a bug that says where', async () => {
  const weaker = await compilePurse((file, text) =>
    file === 'records.ts' ? text.replace('=== sale', '!== sale') : text,
  )
  expect(weaker).not.toEqual(bytes)
  await expect(compilePurse((file, text) => (file === 'debit.ts' ? `${text}nonsense` : text))).rejects.toThrow(
    'debit.ts',
  )
})

/** Number and content of each section, in order. */
function* readSections(bytes: Uint8Array): Generator<[number, Uint8Array]> {
  let at = 8
  const number = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const id = bytes[at++] ?? 0
    const size = number()
    yield [id, bytes.slice(at, at + size)]
    at += size
  }
}
