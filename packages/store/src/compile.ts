/**
 * `npm run build`: makes dist/, the folder that is published as @kozeni/store. JavaScript in one bundle a way in, with
 * everything of this house inside and nothing else needed; types beside it; README and licence. Run by npm, which puts
 * esbuild and tsc on the path.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'

const HERE = join(import.meta.dirname, '..')
const DIST = join(HERE, 'dist')

/** How it is imported, and the file that is. */
const WAYS_IN = { '.': 'store-node', './test-center': 'test-center' }

rmSync(DIST, { recursive: true, force: true })
mkdirSync(DIST)
bundle()
declareTypes()
describe()
for (const file of ['README.md', '../../LICENSE'])
  copyFileSync(join(HERE, file), join(DIST, file.split('/').at(-1) ?? ''))

function bundle(): void {
  const entries = Object.values(WAYS_IN).map(name => `src/${name}.ts`)
  const options = ['--bundle', '--splitting', '--format=esm', '--platform=node', '--target=node20.19', '--outdir=dist']
  run('esbuild', [...entries, ...options, '--log-level=warning', '--legal-comments=linked'])
}

/** The types that are reached from the ways in, and no others; what was imported by the house's names is so by path. */
function declareTypes(): void {
  run('tsc', ['-p', 'tsconfig.build.json'])
  const reached = new Set<string>()
  for (const way of Object.values(WAYS_IN)) follow(join(DIST, `types/store/src/${way}.d.ts`), reached)
  for (const path of globSync('types/**/*.d.ts', { cwd: DIST }))
    if (!reached.has(join(DIST, path))) rmSync(join(DIST, path))
}

function follow(file: string, reached: Set<string>): void {
  if (reached.has(file)) return
  reached.add(file)
  const text = importingByPath(file, readFileSync(file, 'utf8'))
  writeFileSync(file, text)
  for (const [, from = ''] of text.matchAll(/'(\.{1,2}\/[^']+)\.js'/g))
    follow(join(file, '..', `${from}.d.ts`), reached)
}

function importingByPath(file: string, text: string): string {
  const up = relative(join(file, '..'), join(DIST, 'types'))
  const byPath = text.replaceAll(/'@kozeni\/(\w+)\/([\w-]+)'/g, `'${up}/$1/src/$2.js'`)
  return byPath.replaceAll(/'(\.{1,2}\/[\w/-]+)\.ts'/g, "'$1.js'")
}

function describe(): void {
  const { name, version, description, license } = JSON.parse(readFileSync(join(HERE, 'package.json'), 'utf8'))
  const exports = Object.fromEntries(
    Object.entries(WAYS_IN).map(([way, file]) => [
      way,
      { types: `./types/store/src/${file}.d.ts`, default: `./${file}.js` },
    ]),
  )
  const engines = { node: '>=20.19' }
  const manifest = { name, version, description, license, type: 'module', engines, sideEffects: false, exports }
  writeFileSync(join(DIST, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
}

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { cwd: HERE, stdio: 'inherit' })
}
