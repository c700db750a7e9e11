/**
 * Compiles the purse program to its one WebAssembly module, and keeps the result in build/, which is not checked in.
 * Whoever wants a weakened program (PROTOCOL §9) has it made from patched source; the product code knows none.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { assert } from '@kozeni/base/assert'

/** The bytes of a module, as WebAssembly.Module takes them. */
export type Module = Uint8Array<ArrayBuffer>

const SOURCES = join(import.meta.dirname, 'assembly')
const BUILD = join(import.meta.dirname, '..', 'build')
const ENTRY = 'purse.ts'
const OUT = 'purse.wasm'

/** The features of WebAssembly 1.0 and no others; one page of memory for good; no runtime, no abort to import. */
const OPTIONS = [
  ...['-Oz', '--converge', '--runtime', 'stub', '--use', 'abort='],
  ...['--initialMemory', '1', '--maximumMemory', '1'],
  ...['bulk-memory', 'sign-extension', 'nontrapping-f2i', 'mutable-globals'].flatMap(name => ['--disable', name]),
]

/** One file of the program's source, by its name without folder, as it is to be compiled. */
export type Patch = (file: string, text: string) => string

/**
 * Compiles the sources, or what `patch` makes of them. A bug unless they compile.
 *
 * @returns the module
 */
export async function compilePurse(patch: Patch = (_, text) => text): Promise<Module> {
  const { main } = await import('assemblyscript/asc')
  const found: { module?: Module } = {}
  const complaints: string[] = []
  const { error } = await main([ENTRY, '--outFile', OUT, ...OPTIONS], {
    readFile: name => (sources().includes(name) ? patch(name, readFileSync(join(SOURCES, name), 'utf8')) : null),
    writeFile: (name, contents) => {
      if (name === OUT && typeof contents !== 'string') found.module = new Uint8Array(contents)
    },
    listFiles: () => [],
    stderr: { write: text => void complaints.push(text.toString()) },
  })
  assert(error === null && found.module, `the program compiles:\n${complaints.join('')}`)
  return found.module
}

/** The product's module. */
export const builtPurse = (): Promise<Module> => built(OUT, compilePurse)

/**
 * A module as built before, or built now when it is missing or older than a source.
 *
 * @param name  of its file in build/
 * @param from  a file beside the program's sources that it is also made from
 */
export async function built(name: string, compile: () => Promise<Module>, from?: string): Promise<Module> {
  const path = join(BUILD, name)
  if (existsSync(path) && statSync(path).mtimeMs > newest(from)) return new Uint8Array(readFileSync(path))
  const module = await compile()
  mkdirSync(BUILD, { recursive: true })
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, module)
  renameSync(draft, path) // whole or not at all, whoever else builds at the same time
  return module
}

const sources = (): readonly string[] => readdirSync(SOURCES)

const newest = (from = import.meta.filename): number =>
  Math.max(
    ...[...sources().map(name => join(SOURCES, name)), import.meta.filename, from].map(path => statSync(path).mtimeMs),
  )

if (import.meta.main) {
  const module = await builtPurse()
  process.stdout.write(`${OUT}: ${module.length} bytes\n`)
}
