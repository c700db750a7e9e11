/**
 * What this machine may lack, and the tests that need it: they ask here (`test.skipIf(chromium() === undefined)`), and
 * `npm test` names what was left out. Run as a program it prints the Debian packages that are missing.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

interface Part {
  readonly tests: string
  readonly here: () => boolean
  readonly debian: readonly string[]
}

const firstOf = (...paths: readonly (string | undefined)[]): string | undefined =>
  paths.find(path => path !== undefined && existsSync(path))

/** Path of a Chromium for the browser tests; `CHROMIUM` in the environment goes first. */
export const chromium = (): string | undefined =>
  firstOf(
    process.env['CHROMIUM'],
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  )

/** Whether pcscd with its virtual reader, and the independent clients opensc-tool and scriptor, are installed. */
export const cardService = (): boolean =>
  ['/usr/sbin/pcscd', '/usr/lib/pcsc/drivers/serial/libifdvpcd.so', '/usr/bin/opensc-tool', '/usr/bin/scriptor'].every(
    path => existsSync(path),
  )

/** Whether the clients of `npm run clients` can be fetched and run: Debian's Python with its PC/SC binding. */
const python = (): boolean =>
  spawnSync('/usr/bin/python3', ['-c', 'import ensurepip, smartcard, cryptography']).status === 0

const enabling = (debian: readonly string[]): string =>
  `sudo apt-get install -y --no-install-recommends ${debian.join(' ')}`

/** What `npm run clients` wants, beside what the tests want. */
const CLIENTS: readonly string[] = ['python3-venv', 'python3-pyscard', 'python3-cryptography']

/** The command that enables `npm run clients` on this machine; undefined when nothing is missing. */
export const clientsWant = (): string | undefined =>
  cardService() && python() ? undefined : enabling([...CARD_SERVICE, ...CLIENTS])

const CARD_SERVICE: readonly string[] = ['pcscd', 'vsmartcard-vpcd', 'opensc', 'pcsc-tools']

const parts: readonly Part[] = [
  { tests: 'browser tests', here: () => chromium() !== undefined, debian: ['chromium'] },
  { tests: 'card-service tests', here: cardService, debian: CARD_SERVICE },
]

/** The parts of the tests that this machine cannot run, each with the one command that enables it. */
export const leftOut = (): readonly { tests: string; debian: readonly string[]; enable: string }[] =>
  parts
    .filter(({ here }) => !here())
    .map(({ tests, debian }) => ({
      tests,
      debian,
      enable: enabling(debian),
    }))

if (import.meta.main)
  process.stdout.write([...leftOut().flatMap(({ debian }) => debian), ...(python() ? [] : CLIENTS)].join(' '))
