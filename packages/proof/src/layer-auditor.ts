/**
 * The auditor against somebody who may write to the database. The cases are tests beside the auditor's town (each one edit by
 * SQL, and the row, amount and sign that must be named), and are run as they stand.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Layer, Report, Run } from './layer.ts'

export const auditor: Layer = {
  name: 'auditor',
  proves:
    'Every edit of the database as a DBA could make it is named by row, amount and sign, and a sound book raises no alarm.',
  tries: 'cases',
  atLeast: { quick: 60, full: 60 },
  budgetSeconds: { canary: 120, quick: 120, full: 120 },
  cores: 1,
  seesPlanted: false,
  run,
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const CASES = 'packages/world/src/audit.test.ts'
/** Run by the same node as everything, whichever is first on the path. */
const VITEST = join(ROOT, 'node_modules/vitest/vitest.mjs')

interface Tested {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[]
  }[]
}

async function run({ signal }: Run): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'kozeni-auditor-'))
  const file = join(folder, 'report.json')
  const args = ['run', CASES, '--reporter=json', `--outputFile.json=${file}`]
  const child = spawn(process.execPath, [VITEST, ...args], { cwd: ROOT, stdio: 'ignore' })
  signal.addEventListener('abort', () => child.kill())
  await once(child, 'exit')
  const { testResults }: Tested = JSON.parse(await readFile(file, 'utf8').catch(() => '{"testResults":[]}'))
  await rm(folder, { recursive: true })
  const cases = testResults.flatMap(({ assertionResults }) => assertionResults)
  return {
    tried: cases.filter(({ status }) => status === 'passed' || status === 'failed').length,
    found: cases
      .filter(({ status }) => status !== 'passed')
      .map(({ title, status }) => `${title}: ${status}; npm test -- ${CASES}`),
    figures: {},
  }
}
