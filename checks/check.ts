/** `npm run check`: everything that reads the code. A step that fails does not stop the others. Runs no product code. */
import { spawn } from 'node:child_process'
import { print, seconds, verdict } from './telling.ts'

const steps = [
  { name: 'format', command: 'biome', args: ['check', '.'], remedy: 'npm run format' },
  { name: 'lint', command: 'oxlint', args: [], remedy: 'oxlint names the rule; .oxlintrc.json holds them' },
  { name: 'types', command: 'tsc', args: ['-p', '.'], remedy: 'TypeScript names file and line' },
  { name: 'house rules', command: 'vitest', args: ['run', 'checks/'], remedy: 'each failure names its remedy' },
]

type Step = (typeof steps)[number]

/** Runs one step silently, then prints its heading, and its output when it failed. Resolves to whether it passed. */
async function passes({ name, command, args, remedy }: Step): Promise<boolean> {
  const start = performance.now()
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const output: Buffer[] = []
  child.stdout.on('data', chunk => output.push(chunk))
  child.stderr.on('data', chunk => output.push(chunk))
  child.on('error', error => output.push(Buffer.from(`${error.message}: run it by npm run check\n`)))
  child.on('close', code => resolve(code === 0))
  const passed = await promise
  if (!passed) print(`\n${Buffer.concat(output).toString()}`)
  print(`${passed ? 'ok    ' : 'FAILED'} ${name.padEnd(12)} ${seconds(start)}${passed ? '' : `  (${remedy})`}`)
  return passed
}

const results = await Promise.all(steps.map(passes))
process.exitCode = verdict(results.filter(passed => passed).length, results.filter(passed => !passed).length)
