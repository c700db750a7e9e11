/**
 * `npm run fuzz -- --apdus 1000000`: random and mutated commands to a chip with the purse program: in the clear, through
 * the card manager's open channel, and to the purse within sessions of till, holder and center. Each must be answered, in
 * a defined status word, and what is not answered as done must have changed nothing but a PIN's tries.
 */
import { parseArgs } from 'node:util'
import { fuzz } from './fuzz-for-tests-node.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const { values } = parseArgs({
  options: { apdus: { type: 'string', default: '100000' }, seed: { type: 'string', default: '2026' } },
})
const apdus = Number(values.apdus)
const start = performance.now()
const { findings, said, statusWords } = await fuzz(apdus, Number(values.seed), done => {
  if (done % 100_000 === 0) print(`${done} commands, ${((performance.now() - start) / 1000).toFixed(0)} s`)
})
for (const finding of findings) print(finding)
print(
  `answers, beside 61xx and 6cxx: ${[...statusWords]
    .toSorted(([a], [b]) => a - b)
    .filter(([word]) => word >> 8 !== 0x61 && word >> 8 !== 0x6c)
    .map(([word, count]) => `${word.toString(16)} ${count}`)
    .join(', ')}`,
)
print(
  `said: ${Object.entries(said)
    .map(([way, count]) => `${count} ${way}`)
    .join(', ')}, in ${((performance.now() - start) / 1000).toFixed(0)} s`,
)
print(`${apdus - findings.length} passed, ${findings.length} failed`)
process.exitCode = findings.length === 0 ? 0 : 1
