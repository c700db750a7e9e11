/**
 * Direction is the architecture: a package imports only what it declares, and of this house only packages of a strictly
 * lower level ("kozeni": { "level": N } in its package.json). Cycles of files are the linter's (import/no-cycle).
 */
import { normalize } from 'node:path/posix'
import { expect, test } from 'vitest'
import { code, files, imports, isTest, packageOf, packages, type Source } from './sources.ts'

const root = JSON.parse(files.find(({ path }) => path === 'package.json')?.text ?? '{}')

/** Why `file` may not import `from`, and what to do instead; or undefined. */
function objection(file: Source, from: string): string | undefined {
  const here = packageOf(file)
  if (from.startsWith('node:')) return undefined
  if (from.startsWith('.')) {
    const target = normalize(`${file.path}/../${from}`)
    const inside = target.startsWith(`packages/${here.folder}/`) || (isTest(file) && /^(vectors|checks)\//.test(target))
    return inside ? undefined : `leaves the package: import '@kozeni/<package>/<file>' instead`
  }
  const name = from.split('/', from.startsWith('@') ? 2 : 1).join('/')
  const there = packages.find(other => other.name === name)
  if (there !== undefined && there.level >= here.level)
    return `level ${here.level} may not know level ${there.level}: move the code down, or pass it in through a port`
  const declared = {
    ...here.dependencies,
    ...(isTest(file) ? { ...here.devDependencies, ...root.devDependencies } : {}),
  }
  return name in declared ? undefined : `is not declared: add it to packages/${here.folder}/package.json`
}

test('a package imports only what it declares, of strictly lower level, and nothing reaches into another by path', () => {
  const wrong = code.flatMap(file =>
    imports(file).flatMap(from => {
      const why = objection(file, from)
      return why === undefined ? [] : [`${file.path}: '${from}' ${why}`]
    }),
  )
  if (wrong.length > 0) expect.fail(wrong.join('\n'))
})

test('every package states its level', () => {
  expect(packages.filter(({ level }) => !Number.isInteger(level)).map(({ name }) => name)).toEqual([])
})
