/** `npm run tears`: power cut at every byte of every purse command that changes something. Minutes; the tests take a sample. */
import { parseArgs } from 'node:util'
import { deeds, TORN, torture } from './purse-tears-for-tests-node.ts'
import { inPlace } from './store-in-place-for-tests.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { step: { type: 'string', default: '1' } } })
  const start = performance.now()
  const all = await deeds()
  const results = all.map(deed => ({ ...torture(deed, Number(values.step)), deed }))
  for (const { wounds } of results) for (const wound of wounds) print(wound)
  const changing = results.filter(({ cuts }) => cuts > 0)
  const cuts = results.reduce((sum, result) => sum + result.cuts, 0)
  const wounded = results.reduce((sum, { wounds }) => sum + wounds.length, 0)
  const canary = all.find(({ name }) => name.startsWith('load: at rest'))
  const caught = canary === undefined ? 0 : torture(canary, 5, inPlace).wounds.length
  const took = ((performance.now() - start) / 1000).toFixed(0)
  print(
    `${all.length} commands in their states, ${changing.length} of them write; ${cuts} cuts (${TORN.length} outcomes each), ${took} s`,
  )
  print(`pages written in place instead: ${caught} wounds, ${caught > 0 ? 'caught' : 'NOT CAUGHT'}`)
  print(`${cuts - wounded + Number(caught > 0)} passed, ${wounded + Number(caught === 0)} failed`)
  return wounded === 0 && caught > 0 ? 0 : 1
}

process.exitCode = await main()
