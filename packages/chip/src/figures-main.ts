/** `npm run figures`: what the purse costs on this chip: bytes of program and state, writes per command, debits a second. */
import type { Bytes } from '@kozeni/base/bytes'
import { builtPurse } from '@kozeni/program/compile-node'
import { abortOf, commandOf, EPOCH, type Order, till } from '@kozeni/program/purse-for-tests'
import type { Crypto } from '@kozeni/protocol/crypto'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { HOLDER_REQUEST } from '@kozeni/protocol/holder'
import { chipOf } from './install-for-tests-node.ts'
import { CHIP_BYTES, storeArea } from './memory-map.ts'
import { purseOnSilicon, type SiliconPurse, sayAgain } from './purse-on-silicon-for-tests-node.ts'
import { openRecordStore } from './record-store.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const shop = till('0606060606060606')
const PIN = Uint8Array.of(0x31, 0x32, 0x33, 0x34, 255, 255, 255, 255)
const order = (number: number, kind: Order['kind'], amount: bigint): Order => ({
  epoch: EPOCH,
  number,
  kind,
  amount,
  prev: { epoch: EPOCH, number: number - 1 },
})

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

/** Old enough that every ring is full: what a write costs then is what it costs for good. */
async function oldPurse(): Promise<SiliconPurse> {
  const purse = await purseOnSilicon()
  for (let number = 1; number < 10; number++) purse.command(order(number, 'load', 100n))
  purse.meet(shop)
  for (let seq = 0; seq < 22; seq++) purse.receiptFor(shop, { seq, amount: 1n, sale: seq + 1 })
  return purse
}

/** Bytes in all pages of the purse that hold something. */
function stateBytes({ chip: { silicon } }: SiliconPurse): number {
  const area = storeArea(0)
  const store = openRecordStore(silicon, area)
  return Array.from({ length: area.pages }, (_, page) => store.read(page)?.length ?? 0).reduce(
    (sum, size) => sum + size,
  )
}

/** How often a second, over so many times. */
function rate(times: number, work: () => unknown): number {
  const start = performance.now()
  for (let done = 0; done < times; done++) work()
  return (1000 * times) / (performance.now() - start)
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

const DEBITS = 400
const ROUNDS = 5

/** Debits one after the other on one chip, as bytes: what each contact says to it. */
function contacts(old: SiliconPurse): readonly (readonly Bytes[])[] {
  const mine = old.fork()
  return Array.from({ length: DEBITS }, (_, i) => {
    const from = mine.chip.said.length
    mine.meet(shop).ask(shop, { seq: 22 + i, amount: 1n, sale: 99 + i })
    return mine.chip.said.slice(from)
  })
}

/** How often a second one chip debits: power, SELECT, introduction, request; its side alone, as its terminals' bytes come. */
function debits(old: SiliconPurse, said: ReturnType<typeof contacts>, crypto: Crypto): number {
  const silicon = old.chip.silicon.copy()
  let next = 0
  return rate(said.length, () => sayAgain(chipOf(silicon, { crypto }), said[next++] ?? []))
}

/** Signing and verifying, with the milliseconds that they took. */
function watched(): { readonly crypto: Crypto; readonly spent: { ms: number } } {
  const spent = { ms: 0 }
  const timed = <T>(work: () => T): T => {
    const start = performance.now()
    const answer = work()
    spent.ms += performance.now() - start
    return answer
  }
  const sign: Crypto['sign'] = (...given) => timed(() => nodeCrypto.sign(...given))
  const verify: Crypto['verify'] = (...given) => timed(() => nodeCrypto.verify(...given))
  return { crypto: { ...nodeCrypto, sign, verify }, spent }
}

const old = await oldPurse()
print(`program: ${(await builtPurse()).length} bytes of WebAssembly`)
print(`state of a purse with full rings: ${stateBytes(old)} bytes; the whole chip: ${CHIP_BYTES} bytes\n`)
costs(old)

const said = contacts(old)
for (let warm = 0; warm < 5; warm++) debits(old, said, nodeCrypto)
const { crypto, spent } = watched()
const perSecond = rate(ROUNDS, () => debits(old, said, crypto)) * DEBITS
const limit = Math.round((1000 * ROUNDS * DEBITS) / spent.ms)
print(
  `\ndebits: ${Math.round(perSecond)}/s on one chip, each with power, SELECT, introduction, three verifications, one signature\n` +
    `of that, signing and verifying alone would allow ${limit}/s: ${(perSecond / limit).toFixed(2)} of the limit`,
)
