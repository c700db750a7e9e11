/**
 * `npm run mutants | mutate | tears | fuzz | figures | coverage`: runs one piece of the evidence for the chip and writes the
 * end of what it said into its place in docs/chip-proof.md. Nothing stands there that was not a run's own word.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { fill } from '@kozeni/proof/box'
import { ROOT } from './sources.ts'
import { print } from './telling.ts'

interface Proof {
  readonly command: readonly [string, ...string[]]
  /** What of its output is kept: from this on. */
  readonly from: RegExp
}

const CHIP = 'packages/chip/src'
const COVERAGE = [
  '--coverage',
  `--coverage.include=${CHIP}/**`,
  '--coverage.reporter=text',
  '--coverage.exclude=**/*-{for-tests*,main}.ts',
]

const PROOFS: Readonly<Record<string, Proof>> = {
  mutants: { command: ['node', 'packages/program/src/mutants-main.ts'], from: /^\d+ mutants, /m },
  mutate: { command: ['stryker', 'run', 'checks/stryker.config.json'], from: /^-+\|[^]*?% Mutation score/m },
  tears: { command: ['node', `${CHIP}/tears-main.ts`], from: /^\d+ commands in /m },
  fuzz: { command: ['node', `${CHIP}/fuzz-main.ts`], from: /^answers, /m },
  figures: { command: ['node', `${CHIP}/figures-main.ts`], from: /^program: /m },
  coverage: { command: ['vitest', 'run', CHIP, ...COVERAGE], from: /^-+\|/m },
}

const [name = '', ...rest] = process.argv.slice(2)
const proof = PROOFS[name]
if (proof === undefined) throw new Error(`one of ${Object.keys(PROOFS).join(', ')}`)
const [program, ...args] = proof.command
const { status, stdout } = spawnSync(program, [...args, ...rest], {
  encoding: 'utf8',
  maxBuffer: 2 ** 28,
  stdio: ['ignore', 'pipe', 'inherit'],
})
print(stdout)
keep(name, proof.from, stdout)
process.exitCode = status ?? 1

/** Replaces the proof's place in the document by what was said now. */
function keep(proved: string, from: RegExp, said: string): void {
  const plain = stripVTControlCharacters(said)
  const at = plain.search(from)
  if (at === -1) return
  fill(join(ROOT, 'docs/chip-proof.md'), proved, `\`\`\`\n${plain.slice(at).trimEnd()}\n\`\`\``)
}
