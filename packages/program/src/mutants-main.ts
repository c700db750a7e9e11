/**
 * `npm run mutants`: builds every wrong program of mutants.ts and wants the program's own tests to tell it from the right
 * one. `npm run mutants -- debit.ts` for those of one file.
 */
import { parseArgs } from 'node:util'
import { EQUIVALENT, type Mutant, mutants } from './mutants.ts'
import { firstToFail } from './stories.contract.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)

/** Tells what became of one mutant. @returns whether it was found out */
async function tried({ file, rule, wrong, patch }: Mutant): Promise<boolean> {
  const story = await firstToFail(patch)
  print(`| ${file} | ${rule} | ${wrong} | ${story ?? '**nobody noticed**'} |`)
  return story !== undefined
}

async function main(): Promise<number> {
  const { positionals } = parseArgs({ allowPositionals: true })
  const asked = mutants.filter(({ file }) => positionals.length === 0 || positionals.includes(file))
  const start = performance.now()
  const healthy = await firstToFail((_, text) => text)
  if (healthy !== undefined) throw new Error(`the program as it is fails: ${healthy}`)
  print('| file | rule | what is wrong | the story that found it |\n|---|---|---|---|')
  let killed = 0
  for (const mutant of asked) killed += (await tried(mutant)) ? 1 : 0
  print(`\nnot counted, since nobody could tell:\n${EQUIVALENT.map(why => `- ${why}`).join('\n')}\n`)
  print(`${asked.length} mutants, ${killed} found out, in ${((performance.now() - start) / 1000).toFixed(0)} s`)
  print(`${killed} passed, ${asked.length - killed} failed`)
  return killed === asked.length ? 0 : 1
}

process.exitCode = await main()
