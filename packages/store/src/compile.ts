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

/** The house's packages do not travel along, so imports by their names become imports by path. */
function declareTypes(): void {
  run('tsc', ['-p', 'tsconfig.build.json'])
  for (const path of globSync('types/**/*.d.ts', { cwd: DIST })) {
    const file = join(DIST, path)
    const up = relative(join(file, '..'), join(DIST, 'types')) || '.'
    const text = readFileSync(file, 'utf8')
    const byPath = text.replaceAll(/'@kozeni\/(\w+)\/([\w-]+)'/g, `'${up}/$1/src/$2.js'`)
    writeFileSync(file, byPath.replaceAll(/'(\.{1,2}\/[\w/-]+)\.ts'/g, "'$1.js'"))
  }
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
