/**
 * The house rules that neither compiler nor linter can see, one row each: what is looked at, what is wrong with it, and
 * the remedy. A rule that needs exceptions is not worth its noise; change the rule or drop it.
 */
import { expect, test } from 'vitest'
import { code, files, isTest, packages, type Source } from './sources.ts'

interface Rule {
  readonly name: string
  readonly among: readonly Source[]
  readonly wrong: RegExp | ((file: Source) => readonly string[])
  readonly remedy: string
}

const VAGUE = /\/((\w+-)?(utils?|helpers?|types)|commons?|services?|managers?|misc|index)(\/|\.tsx?$)/
const PORTABLE = /^packages\/(base|protocol|ledger|program|api|chip|phone|terminal|store|wallet|register|console)\//
const ADAPTER = /(-(node|file|pcsc|sqlite|postgres|embedded|tcp|http|server|main)|\/(main|compile))\.ts$/

const shipped = code.filter(file => !isTest(file))
const portable = shipped.filter(({ path }) => PORTABLE.test(path) && !ADAPTER.test(path))
const manifests = files.filter(({ path }) => path.endsWith('package.json'))
const decision = files.find(({ path }) => path === 'docs/decisions/0002-runtime-dependencies.md')?.text ?? ''
const written = files.filter(({ path }) => path !== 'checks/tidy.test.ts') // it spells what it forbids

const rules: readonly Rule[] = [
  {
    name: 'a file is named after the one thing inside',
    among: code,
    wrong: ({ path }) => (VAGUE.test(path) ? ['vague'] : []),
    remedy: 'name it after what it holds, and import files instead of barrels',
  },
  {
    name: 'portable code runs in a browser and on a telephone',
    among: portable,
    wrong:
      /from '(node:[^']*|[^']*-(node|file|pcsc|sqlite|postgres|embedded|tcp)(\.ts)?)'|(?<![\w.'`])(Buffer\.|process\.(?!\s))\w+/g,
    remedy:
      'take it in through a port; Node stands in an adapter (…-node.ts, …-file.ts, …-pcsc.ts, …-sqlite.ts) or main.ts',
  },
  {
    name: 'a file begins by saying what it is',
    among: shipped,
    wrong: ({ text }) => [headerLines(text)].filter(count => count < 1 || count > 8).map(count => `${count} lines`),
    remedy: 'begin with a comment of 1 to 8 lines: what it is, what it is not, the invariant it keeps, the rule ids',
  },
  {
    name: 'every exported function says what it is for',
    among: shipped,
    wrong: undocumented,
    remedy:
      'a docstring above it, or above its paragraph of one-liners: purpose in one line, units of the parameters, @returns, @refuses, @spec',
  },
  {
    name: 'casts live in gates, one step each',
    among: [...code, ...files.filter(({ path }) => /^checks\/(?!tidy)/.test(path))],
    wrong: /\bas unknown as\b/g,
    remedy: 'parse or narrow the value, or give its type one gate that checks and casts',
  },
  {
    name: 'work left over is in the issue tracker, not in comments',
    among: written,
    wrong: /\b(TODO|FIXME|XXX)\b/g,
    remedy: 'do it, or write an issue and delete the comment',
  },
  {
    name: 'nothing names a machine or a registry',
    among: written,
    wrong:
      /(?<![\w.])\/(root|work|home)\/\S*|\bregistry\.(npmjs|yarnpkg|npmmirror)\S*|\b(deb|security)\.debian\.org|"resolved": "(?!packages\/)\S*/g,
    remedy:
      'use a relative path, or leave the host to the configuration (lock file: npm install with omit-lockfile-registry-resolved=true)',
  },
  {
    name: 'every dependency is pinned exactly',
    among: manifests,
    wrong: ({ text }) =>
      all(text)
        .filter(([, version]) => !/^(npm:.+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
        .map(String),
    remedy: 'npm install --save-exact <name>@<version>',
  },
  {
    name: 'every runtime dependency was decided on',
    among: manifests.filter(({ path }) => packages.some(({ folder }) => path === `packages/${folder}/package.json`)),
    wrong: ({ text }) =>
      Object.entries<string>(JSON.parse(text).dependencies ?? {})
        .filter(([name, version]) => !name.startsWith('@kozeni/') && !decision.includes(`| \`${name}\` | ${version} |`))
        .map(([name, version]) => `${name} ${version}`),
    remedy: 'a row | `name` | version | why | cost | instead of | in docs/decisions/0002-runtime-dependencies.md',
  },
]

for (const { name, among, wrong, remedy } of rules) {
  test(name, () => {
    const found = among.flatMap(file => findings(file, wrong).map(what => `${file.path}: ${what}`))
    if (found.length > 0) expect.fail(`${remedy}\n  ${found.join('\n  ')}`)
  })
}

const findings = (file: Source, wrong: Rule['wrong']): readonly string[] =>
  typeof wrong === 'function'
    ? wrong(file)
    : [...file.text.matchAll(wrong)].map(match => `line ${lineOf(file.text, match.index)}, ${match[0]}`)

const lineOf = (text: string, at: number): number => text.slice(0, at).split('\n').length

const headerLines = (text: string): number =>
  /^(#!.*\n)?(\/\*\*?[^]*?\*\/|(\/\/.*\n)+)/
    .exec(text)?.[2]
    ?.trim()
    .split('\n')
    .filter(line => /\w/.test(line)).length ?? 0

/** Exported functions without a docstring right above; a paragraph of one-line exports, or of overloads, shares one. */
function undocumented({ text }: Source): readonly string[] {
  const lines = text.split('\n')
  return lines.flatMap((line, at) => {
    const name = /^export (?:async )?(?:function\*? |const (?=\w+ = (?:async )?(?:<.*)?\(.*(?:=>|\($)))(\w+)/.exec(
      line,
    )?.[1]
    const above = lines[at - 1] ?? ''
    const documented = name === undefined || above.endsWith('*/') || above.startsWith('export ')
    return documented ? [] : [`line ${at + 1}, ${name}`]
  })
}

function all(manifest: string): readonly [string, string][] {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(manifest)
  return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
}
