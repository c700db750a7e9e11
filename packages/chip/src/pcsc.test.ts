/**
 * The chip seen by clients that we did not write: pcscd with vsmartcard's virtual reader, opensc-tool and scriptor. They run
 * in a network and a mount of their own, since the virtual reader listens on every address.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cardService } from '../../../checks/machine.ts'
import { CHIP } from './install-for-tests-node.ts'

const here = (file: string): string => JSON.stringify(join(import.meta.dirname, file))

const SERVE = `
import { blank, chipOf } from ${here('install-for-tests-node.ts')}
import { insertIntoVpcd } from ${here('serve-tcp.ts')}
await insertIntoVpcd(chipOf(blank()))
`

/** Everything it starts ends with it: the shell is the first process of its own family, and takes the others with it. */
const script = (node: string, serve: string): string => `
ip link set lo up
mkdir -p /run/pcscd && mount -t tmpfs none /run/pcscd
pcscd --foreground >/dev/null 2>&1 &
for i in $(seq 50); do [ -e /run/pcscd/pcscd.comm ] && break; sleep 0.1; done
${node} ${serve} &
for i in $(seq 50); do timeout 5 opensc-tool --list-readers | grep -q Yes && break; sleep 0.1; done
timeout 10 opensc-tool --atr
timeout 10 opensc-tool -s 00:A4:04:00:08:A0:00:00:01:51:00:00:00 -s 80:CA:00:66:00
printf '00 a4 04 00 00\\n80 50 00 00 08 01 02 03 04 05 06 07 08 00\\n80 ca 00 45 00\\n80 f2 40 02 02 4f 00 00\\n' | timeout 10 scriptor -p T=1
`

function seenByOthers(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kozeni-pcsc-'))
  const serve = join(folder, 'serve.ts')
  writeFileSync(serve, SERVE)
  const own = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc']
  return execFileSync('unshare', [...own, 'sh', '-c', script(process.execPath, serve)], { timeout: 50_000 }).toString()
}

test.skipIf(!cardService() || process.getuid?.() !== 0)(
  'stock clients find the chip in a PC/SC reader, select its card manager and read what it is',
  () => {
    const seen = seenByOthers().toLowerCase().replaceAll(/\s+/g, ' ')
    expect(seen).toContain('3b:8e:80:01:80:31:c0:73:c0:01:c0:56:4b:4f:5a:45:4e:49:46')
    expect(seen).toContain('66 31 73 2f 06 07 2a 86 48 86 fc 6b 01') // card recognition data
    expect(seen).toContain('6f 1c 84 08 a0 00 00 01 51 00 00 00')
    expect(seen).toContain(`45 08 ${CHIP.match(/../g)?.join(' ')} 90 00`)
    expect(seen).toContain('69 82') // GET STATUS without a channel
  },
  60_000,
)
