/** What the checks read: every text file of the house, and every package with its place in it. Knows no rule. */
import { globSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** The repository's root; every path below is relative to it and spelled with slashes. */
export const ROOT = join(import.meta.dirname, '..')

export interface Source {
  readonly path: string
  readonly text: string
}

export interface Package {
  readonly folder: string
  readonly name: string
  readonly level: number
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const NOT_OURS = [
  '**/node_modules',
  '**/dist',
  '**/build',
  '.git',
  'data',
  'coverage',
  '.hypothesis',
  '.schemathesis',
  '**/*.log',
]
const BINARY = /\.(wasm|png|jpe?g|ico|woff2?|pdf|cap)$/

/** Every text file that is ours, tracked or about to be. */
export const files: readonly Source[] = globSync(['**/*', '.*', '.*/**'], {
  cwd: ROOT,
  exclude: NOT_OURS,
  withFileTypes: true,
})
  .filter(entry => entry.isFile() && !BINARY.test(entry.name))
  .map(entry => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
  .map(path => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))

/** The TypeScript of the packages; the purse program's AssemblyScript is another language and is left out. */
export const code = files.filter(
  ({ path }) => /^packages\/[^/]+\/src\/.*\.tsx?$/.test(path) && !path.startsWith('packages/program/src/assembly/'),
)

export const isTest = ({ path }: Source): boolean => /\.(test|contract|bench)\.tsx?$/.test(path)

/** Every package, as its package.json tells it. */
export const packages: readonly Package[] = files
  .filter(({ path }) => /^packages\/[^/]+\/package\.json$/.test(path))
  .map(({ path, text }) => {
    const told = JSON.parse(text)
    return { dependencies: {}, devDependencies: {}, ...told, folder: path.split('/')[1], level: told.kozeni?.level }
  })

/** The package that a file of `code` belongs to. */
export function packageOf({ path }: Source): Package {
  const found = packages.find(({ folder }) => path.startsWith(`packages/${folder}/`))
  if (found === undefined) throw new Error(`no package.json for ${path}`)
  return found
}

/** Everything a file imports, type imports included, as spelled. */
export const imports = ({ text }: Source): readonly string[] =>
  [...text.matchAll(/^(?:import\b|export (?:type )?[*{])[^'"`=;()]*'([^'\n]+)'|\bimport\('([^']+)'\)/gm)].map(
    ([, from, lazily]) => from ?? lazily ?? '',
  )
