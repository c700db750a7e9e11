/**
 * Runs the program's own tests in this process, against any program: a mutant costs one compilation and the tests up to
 * the first that fails. While a test file is imported this module stands in for vitest, which would want a process of
 * its own each time, and for the compiler, which would make the program as it is.
 */
import { registerHooks } from 'node:module'
import { expect } from 'vitest'
import { compilePurse as compile, type Module, type Patch } from './compile-node.ts'

export { expect }

/** Those that say what the program must do, the quick ones first; the transcript, which holds its every byte, last. */
const FILES = ['operation', 'message', 'personalise', 'debit', 'holder', 'tear', 'module', 'transcript']

type Body = (...row: readonly unknown[]) => unknown
interface Story {
  readonly title: string
  readonly body: () => unknown
}

let collected: Story[] = []
let wrong: Patch = (_, text) => text
let module: Module = new Uint8Array()

/** vitest's, as far as the program's tests use it. */
export const test = Object.assign((title: string, body: Body) => void collected.push({ title, body }), {
  each: (rows: readonly unknown[]) => (title: string, body: Body) => {
    for (const row of rows)
      collected.push({
        title: `${title} [${rows.indexOf(row)}]`,
        body: () => body(...(Array.isArray(row) ? row : [row])),
      })
  },
})

/** The mutant in hand, where tests ask for the program. */
export const builtPurse = async (): Promise<Module> => module

/** The mutant in hand, weakened further. */
export const compilePurse = (patch: Patch = (_, text) => text): Promise<Module> =>
  compile((file, text) => patch(file, wrong(file, text)))

const STAND_IN = new Set(['vitest', './compile-node.ts'])

registerHooks({
  resolve(specifier, context, next) {
    const run = context.parentURL === undefined ? null : new URL(context.parentURL).searchParams.get('run')
    if (run === null) return next(specifier, context)
    if (STAND_IN.has(specifier)) return { url: import.meta.url, shortCircuit: true }
    const found = next(specifier, context)
    // each run has its own copy of what stands beside the tests: nothing of one reaches the next
    return specifier.startsWith('./') ? { ...found, url: `${found.url}?run=${run}` } : found
  },
})

let runs = 0

/**
 * The first of the program's tests that fails for the program that `patch` makes.
 *
 * @returns its file and title; undefined when all pass
 */
export async function firstToFail(patch: Patch): Promise<string | undefined> {
  wrong = patch
  module = await compile(patch)
  for (const file of FILES) {
    const failed = await firstOf(`./${file}.test.ts?run=${runs++}`)
    if (failed !== undefined) return `${file}: ${failed}`
  }
  return undefined
}

async function firstOf(path: string): Promise<string | undefined> {
  collected = []
  try {
    await import(path)
  } catch {
    return '(its beginning)'
  }
  for (const { title, body } of collected) {
    try {
      await body()
    } catch {
      return title
    }
  }
  return undefined
}
