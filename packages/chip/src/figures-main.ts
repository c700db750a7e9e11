/** `npm run figures`: what the purse costs on this chip: bytes of program and state, writes per command, debits a second. */
import { builtPurse } from '@kozeni/program/compile-node'
import { abortOf, commandOf, EPOCH } from '@kozeni/program/purse-for-tests'
import { HOLDER_REQUEST } from '@kozeni/protocol/holder'
import { debits, oldPurse, order, shop } from './debits-for-tests-node.ts'
import { CHIP_BYTES, storeArea } from './memory-map.ts'
import { type SiliconPurse } from './purse-on-silicon-for-tests-node.ts'
import { openRecordStore } from './record-store.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const PIN = Uint8Array.of(0x31, 0x32, 0x33, 0x34, 255, 255, 255, 255)
const COMMANDS: Readonly<Record<string, (purse: SiliconPurse) => unknown>> = {
  'COMMAND load': purse => purse.deliver(commandOf(order(10, 'load', 7n))),
  'COMMAND pay': purse => purse.deliver(commandOf(order(10, 'pay', 7n))),
  'COMMAND refund': purse => purse.deliver(commandOf(order(10, 'refund', 7n))),
  'COMMAND sweep': purse => purse.deliver(commandOf(order(10, 'sweep', 0n))),
  'ABORT, cancelled': purse => purse.deliver(abortOf(order(10, 'load', 7n))),
  CONFIRM: purse => purse.confirm({ epoch: EPOCH, number: 9 }),
  SET: purse => purse.set({ blocked: true }),
  FENCE: purse => purse.fence(EPOCH + 1),
  READ: purse => purse.read(),
  debit: purse => purse.meet(shop).ask(shop, { seq: 22, amount: 1n, sale: 99 }),
  void: purse => purse.meet(shop).ask(shop, { type: 'void-request', seq: 22, amount: 1n, sale: 22 }),
  freeze: purse => purse.greet().request(HOLDER_REQUEST.freeze, 1),
  'set PIN': purse => purse.greet().request(HOLDER_REQUEST.setPin, ...PIN),
}

/** Bytes in all pages of the purse that hold something. */
function stateBytes({ chip: { silicon } }: SiliconPurse): number {
  const area = storeArea(0)
  const store = openRecordStore(silicon, area)
  return Array.from({ length: area.pages }, (_, page) => store.read(page)?.length ?? 0).reduce(
    (sum, size) => sum + size,
  )
}

function costs(old: SiliconPurse): void {
  print('| command | silicon writes | bytes |\n|---|---:|---:|')
  for (const [name, act] of Object.entries(COMMANDS)) {
    const mine = old.fork()
    act(mine)
    const { writes, bytes } = mine.chip.silicon.wear
    print(`| ${name} | ${writes} | ${bytes} |`)
  }
}

const old = await oldPurse()
print(`program: ${(await builtPurse()).length} bytes of WebAssembly`)
print(`state of a purse with full rings: ${stateBytes(old)} bytes; the whole chip: ${CHIP_BYTES} bytes\n`)
costs(old)

const { perSecond, limit } = debits(old)
print(
  `\ndebits: ${Math.round(perSecond)}/s on one chip, each with power, SELECT, introduction, three verifications, one signature\n` +
    `of that, signing and verifying alone would allow ${Math.round(limit)}/s: ${(perSecond / limit).toFixed(2)} of the limit`,
)
