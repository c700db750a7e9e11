/**
 * `npm run clients`: the chip as programs see it that were written by others, for other people's cards. They are fetched
 * as they are, meet the chip in a virtual reader, and what they said becomes docs/clients.md. Wants root and Debian.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clientsWant } from './machine.ts'
import { ROOT } from './sources.ts'
import { print, verdict } from './telling.ts'

const PYTHON_CLIENTS = ['Py-GP==1.0.0', 'yubikey-manager==5.9.2']

interface Meeting {
  readonly name: string
  readonly title: string
  /** What the client must have said for the meeting to have gone well. */
  readonly wants: RegExp
  readonly about: string
}

const meetings: readonly Meeting[] = [
  {
    name: 'atr',
    title: 'opensc-tool --atr',
    wants: /^3b:8e:80:01:80:31:c0:73:c0:01:c0:56:4b:4f:5a:45:4e:49:46$/m,
    about: 'The answer to reset is the same for all chips (C-11).',
  },
  {
    name: 'opensc',
    title: 'opensc-tool -s …',
    wants: /66 31 73 2F[^]*SW1=0x69, SW2=0x82/,
    about:
      'Selects the card manager; card recognition data; key information, by value alone since the class is ISO’s; GET STATUS without a channel: 6982.',
  },
  {
    name: 'scriptor',
    title: 'scriptor',
    wants: /45 08 01 02 03 04 05 06 07 08 90 00[^]*69 82/,
    about:
      'The same card by its default name; its card number, its production life, the beginning of SCP03 (the challenge differs each time), and 6982 again.',
  },
  {
    name: 'pygp',
    title: 'Py-GP 1.0.0',
    wants: /Load file AID : F04B4F5A454E49 \(LOADED\)[^]*# done\n$/,
    about: `A GlobalPlatform client for Java cards, from PyPI. It authenticates by SCP03 at level 33, reads keys and production
life, lists what is installed, and carries our installation and deletion through its channel. What it cannot do:

- load our load file by its own \`upload()\`: it takes CAP files only, Java Card's archives, or their components in one
  file (IJC). It parses the package's name out of their header component, and a WebAssembly module has none. It also sends
  the data block (C4) alone, without the signature (E2) that the issuer's load key makes. Its own \`send()\` takes any
  command through its channel, and so loads the file;
- install and delete by its own \`install()\` and \`delete()\`: they leave out Le, where GlobalPlatform wants 00 (GPCS
  §11.2.2, §11.5.2). Our chip answers 61xx then, and this client fetches answers on T=0 only, which the virtual reader does
  not speak. With Le, by \`send()\`, the same commands work;
- list an empty card: \`ls()\` gives up at 6A88, GlobalPlatform's word for "nothing found" (GPCS §11.4.3.2);
- run outside Windows as it comes: it carries a PC/SC binding for Windows, in whose place Debian's is put, from outside.`,
  },
  {
    name: 'yubikit',
    title: 'yubikit, of yubikey-manager 5.9.2',
    wants: /programs: e3264f08f04b4f5a454e4901[^]*key 1 version 2[^]*# done\n$/,
    about: `Yubico's library for the security domain of its own keys, from PyPI. It authenticates by SCP03, reads key information and
card recognition data, puts a key set, opens a channel with it and deletes the old one. What it cannot do:

- load, install, list or delete programs by calls of its own: the cards it was written for take none. \`send_apdu()\`
  carries such commands through its channel, and their answers back;
- speak any level but 33, or use AES keys longer than 16 bytes;
- delete the last key set: it sets P2 to 01 for that, which our chip refuses as it refuses to be left without keys.`,
  },
]

const folder = mkdtempSync(join(tmpdir(), 'kozeni-clients-'))

function run(): 0 | 1 {
  const want = clientsWant()
  if (want !== undefined || process.getuid?.() !== 0) {
    print(`left out on this machine: stock clients; to run them, as root: ${want ?? 'npm run clients'}`)
    return verdict(0, process.env['CI'] === 'true' ? 1 : 0)
  }
  meetAll(fetchedClients())
  for (const meeting of meetings) tell(meeting)
  const perSecond = Number(said('speed'))
  print(`${perSecond} APDU/s through pcscd and the virtual reader`)
  const failed = meetings.filter(meeting => !went(meeting)).length + (perSecond > 0 ? 0 : 1)
  if (failed === 0) writeFileSync(join(ROOT, 'docs/clients.md'), document(perSecond))
  return verdict(meetings.length + 1 - failed, failed)
}

/** Python with the clients, fetched when they are not here yet. @returns its path */
function fetchedClients(): string {
  const home = join(ROOT, 'node_modules/.cache/stock-clients', PYTHON_CLIENTS.join('+'))
  const python = join(home, 'bin/python')
  const fetched = join(home, 'fetched')
  if (existsSync(fetched)) return python
  execFileSync('/usr/bin/python3', ['-m', 'venv', '--clear', '--system-site-packages', home], { stdio: 'inherit' })
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', ...PYTHON_CLIENTS], { stdio: 'inherit' })
  writeFileSync(fetched, '')
  return python
}

/** In a network, a mount and a family of processes of their own: the virtual reader listens on every address. */
function meetAll(python: string): void {
  const own = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc']
  const meet = ['sh', join(import.meta.dirname, 'clients/meet.sh'), folder, process.execPath, python]
  execFileSync('unshare', [...own, ...meet], { timeout: 240_000, stdio: ['ignore', 'ignore', 'inherit'] })
}

function said(name: string): string {
  const path = join(folder, `${name}.txt`)
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

const went = ({ name, wants }: Meeting): boolean => wants.test(said(name))

function tell(meeting: Meeting): void {
  print(`${went(meeting) ? 'ok    ' : 'FAILED'} ${meeting.title}`)
  if (!went(meeting)) print(said(meeting.name))
}

const document = (perSecond: number): string => `# As a real reader sees it

Made by \`npm run clients\` from what was really said. A blank chip from a foundry, with static keys that everybody may
know, stands in a PC/SC reader: Debian's pcscd with vsmartcard's virtual reader. Programs that others wrote for other
cards, fetched and not changed, meet it one after the other. A chip of one's own is put there by \`kozeni chip insert\`.

${Math.round(perSecond / 100) * 100} APDU/s went through pcscd and the virtual reader on a machine of two cores (GET DATA and its answer), with
TCP's quick acknowledgements set on the loopback; without them it is 20.

GlobalPlatformPro, which most people know, could not be had for this: Maven Central did not hand out its library
(\`globalplatformpro\`) or its command (\`gptool\`) in any version that was asked for (18.09.14, 19.05.16, 19.06.16,
20.01.23). It loads CAP files only, too. Debian 12 has neither \`gpshell\` nor its library.
${meetings.map(section).join('')}`

const section = ({ name, title, about }: Meeting): string => `
## ${title}

${about}

\`\`\`text
${said(name)
  .replaceAll(folder, '.')
  .replaceAll(/[ \t]+$/gm, '')
  .trim()}
\`\`\`
`

try {
  process.exitCode = run()
} finally {
  rmSync(folder, { recursive: true })
}
