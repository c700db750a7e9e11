/**
 * `npm run schemathesis`: an API fuzzer that others wrote reads docs/openapi.json and asks a center whatever it comes upon,
 * signed as the document says. It must find nothing. Fetched as it is into build/, which is not checked in; wants Python.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT } from './sources.ts'
import { verdict } from './telling.ts'

const PACKAGES = ['schemathesis==4.32.5', 'cryptography==50.0.2']
const EXAMPLES = 60
const SECONDS = 90

/**
 * Not asked of us: requests without credentials, since every one is signed here (our own matrix of callers asks that); and
 * that what fits the schema is taken, since most of what fits is about things that are not there.
 */
const NOT_ASKED = ['ignored_auth', 'positive_data_acceptance']

const python = join(ROOT, 'build/schemathesis/bin/python')
if (!existsSync(python)) {
  execFileSync('python3', ['-m', 'venv', join(ROOT, 'build/schemathesis')])
  execFileSync(python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', ...PACKAGES], { stdio: 'inherit' })
}

const center = spawn('node', ['packages/proof/src/fuzz-center-main.ts'], {
  cwd: ROOT,
  stdio: ['pipe', 'pipe', 'inherit'],
})
const [line = ''] = await new Promise<string[]>(resolve =>
  createInterface(center.stdout).once('line', said => resolve([said])),
)
const { origin } = JSON.parse(line) as { origin: string }
const { status } = spawnSync(
  python,
  [
    ...['-m', 'schemathesis.cli', 'run', 'docs/openapi.json', '--url', origin, '--checks', 'all'],
    ...['--exclude-checks', NOT_ASKED.join(','), '--max-examples', String(EXAMPLES), '--seed', '1'],
    ...[
      '--request-timeout',
      '10',
      '--continue-on-failure',
      '--max-time',
      String(SECONDS),
      '--no-color',
      '--suppress-health-check',
      'all',
    ],
    ...process.argv.slice(2),
  ],
  {
    cwd: ROOT,
    stdio: 'inherit',
    env: {
      ...process.env,
      KOZENI_CENTER: line,
      SCHEMATHESIS_HOOKS: 'hooks',
      PYTHONPATH: join(ROOT, 'checks/schemathesis'),
    },
  },
)
center.stdin.end()
process.exitCode = status === 0 ? verdict(1, 0) : verdict(0, 1)
