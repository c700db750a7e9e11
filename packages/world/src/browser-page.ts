/**
 * What a browser runs in browser.test.ts: a chip, a store's server and a till, made of the product's own packages with
 * nothing of Node. It builds them and decides nothing; the test holds on to what is built here and calls it from outside.
 */
import { hex, unhex } from '@kozeni/base/bytes'
import { StillClock } from '@kozeni/base/clock'
import { currency } from '@kozeni/base/currency'
import { systemDice } from '@kozeni/base/dice'
import type { StoreId } from '@kozeni/base/ids'
import { no, type Result } from '@kozeni/base/result'
import { Chip } from '@kozeni/chip/chip'
import { forge, type Order } from '@kozeni/chip/foundry'
import { CHIP_BYTES } from '@kozeni/chip/memory-map'
import { LocalReader } from '@kozeni/chip/reader-local'
import { MemorySilicon } from '@kozeni/chip/silicon-memory'
import { type Transcript, transcriptOf } from '@kozeni/program/transcript'
import { nobleCrypto as crypto } from '@kozeni/protocol/crypto-noble'
import { makeNumber, numberBytes } from '@kozeni/protocol/number'
import { payLink } from '@kozeni/protocol/paylink'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { numberKey, seedOf } from '@kozeni/protocol/seed'
import { encodeTransaction, readTransaction } from '@kozeni/protocol/transaction'
import { memoryBook } from '@kozeni/store/book-memory'
import { readHanded } from '@kozeni/store/chest'
import { memoryChest } from '@kozeni/store/chest-memory'
import { Seeds } from '@kozeni/store/seeds'
import { Store } from '@kozeni/store/store'
import type { Center } from '@kozeni/terminal/center'
import { MemoryJournal } from '@kozeni/terminal/journal-memory'
import { Terminal } from '@kozeni/terminal/terminal'

/** A chip, as the telephone around it reaches it and as others do. */
interface ChipHere {
  readonly wire: LocalReader
  readonly radio: LocalReader
}

function forgeChip(order: Order): ChipHere {
  const silicon = new MemorySilicon(CHIP_BYTES)
  forge(silicon, order)
  const chip = new Chip({ silicon, crypto, dice: systemDice })
  return { wire: new LocalReader(chip), radio: new LocalReader(chip, 'radio') }
}

/** A store that has the seeds it was handed, and cannot reach the center. */
async function openStore(id: StoreId, handed: unknown, nowMs: number): Promise<Store> {
  const seeds = await Seeds.open(memoryChest())
  await seeds.take(must(readHanded(handed)))
  const call = async () => no(refusal('center-unreachable'))
  const parts = { id, currency: currency('JPY'), crypto, clock: new StillClock(nowMs), webhookSecrets: [] }
  return new Store({ ...parts, book: memoryBook(), seeds, call })
}

/** A till with a new key, which reaches the center through the page. */
async function openTill(nowMs: number): Promise<Terminal> {
  const center: Center = {
    deliver: upload => window.deliver(upload),
    standing: since => window.standing(since),
    mail: exchange => window.mail(exchange),
    contact: round => window.contact(round),
  }
  const journal = new MemoryJournal(crypto)
  const key = crypto.generate(systemDice)
  return must(await Terminal.open({ crypto, clock: new StillClock(nowMs), journal, center, key }))
}

/** All that vectors/number.json says of one transaction, made here. @param master  the center's key of the seeds, hex */
function makeNumbers(master: string, json: unknown) {
  const transaction = must(readTransaction(json))
  const seed = seedOf(crypto, unhex(master), transaction)
  const number = makeNumber(crypto, seed, transaction)
  return {
    seed: hex(seed),
    numberKey: hex(numberKey(crypto, seed)),
    encoded: hex(encodeTransaction(transaction)),
    bytes: hex(numberBytes(number)),
    number,
    link: payLink({ transaction, number }),
  }
}

/** The transcript of the purse program (vectors/purse.json), played here. */
const playPurse = (module: Uint8Array<ArrayBuffer>): Transcript => transcriptOf(new WebAssembly.Module(module))

function must<T>(result: Result<T, Refusal>): T {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.refusal)}`)
  return result.value
}

const kozeni = { forgeChip, openStore, openTill, makeNumbers, playPurse }

declare global {
  interface Window extends Center {
    readonly kozeni: typeof kozeni
  }
}

Object.assign(window, { kozeni })
