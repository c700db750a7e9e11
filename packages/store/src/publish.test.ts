/** The published package, as a stranger meets it: packed, unpacked in an empty folder, and read by its README alone. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'

const HERE = join(import.meta.dirname, '..')
const BIN = join(HERE, '../../node_modules/.bin')
const env = { ...process.env, PATH: `${BIN}${delimiter}${process.env['PATH']}`, npm_config_loglevel: 'error' }
const project = mkdtempSync(join(tmpdir(), 'kozeni-shop-'))
const installed = join(project, 'node_modules/@kozeni/store')

const run = (command: string, args: readonly string[], cwd = project): string =>
  execFileSync(command, args, { cwd, env, encoding: 'utf8' })

beforeAll(() => {
  run('node', ['src/compile.ts'], HERE)
  const [tarball = ''] = run('npm', ['pack', '--silent', '--pack-destination', project, join(HERE, 'dist')]).split('\n')
  mkdirSync(installed, { recursive: true })
  run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])
  writeFileSync(join(project, 'package.json'), '{"type":"module"}')
})

test('the package stands alone: nothing of this house is imported by name, and nothing else is needed', () => {
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  expect(manifest.dependencies).toBeUndefined()
  expect(manifest.private).toBeUndefined()
  for (const file of readdirSync(installed, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(js|ts)$/.test(file)) continue
    const imports = readFileSync(join(installed, file), 'utf8').matchAll(/\bfrom ['"]([^'"]+)['"]/g)
    for (const [, from] of imports) expect(`${file}: ${from}`).toMatch(/: (\.|node:)/)
  }
})

test('the README’s code runs from top to bottom in plain JavaScript, and prints what it says', () => {
  const readme = readFileSync(join(installed, 'README.md'), 'utf8')
  const blocks = [...readme.matchAll(/^```js\n([^]*?)^```$/gm)].map(([, block]) => block ?? '')
  expect(blocks.length).toBeGreaterThan(10)
  const code = blocks.join('\n')
  const imports = code.match(/^import .*$/gm) ?? []
  writeFileSync(join(project, 'readme.js'), [...imports, code.replaceAll(/^import .*$/gm, '')].join('\n'))
  const said = [...code.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, line]) => line)
  expect(said.length).toBeGreaterThan(8)
  expect(run('node', ['readme.js']).trimEnd().split('\n')).toEqual(said)
})

test('a TypeScript project has its types, strictly', () => {
  const program = `
    import { type Book, openStore, type Refusal, type Sold } from '@kozeni/store'
    import { TestCenter } from '@kozeni/store/test-center'
    const center = new TestCenter({ store: '0102030405060708' })
    const store = await openStore({ id: '0102030405060708', currency: 'JPY', folder: './k', call: center.call })
    const sold = await store.sell({ amount: 1200n })
    const refused = (refusal: Refusal): string => refusal.code
    export const book: Book | undefined = undefined
    export const told: string | Sold = sold.ok ? sold.value : refused(sold.refusal)
    // @ts-expect-error an order has an amount
    await store.sell({ order: 'A-17' })
  `
  writeFileSync(join(project, 'shop.ts'), program)
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--noEmit', '--target', 'es2024', '--types', '']
  run('tsc', [...strict, '--module', 'nodenext', '--lib', 'es2024,dom', 'shop.ts'])
})
