/**
 * The worker of browser-chip.test.ts: a chip that lives in the browser, as an application would build it. It can also be
 * told to stop dead around one save, so that the test can kill its tab at exactly that moment.
 */
import { systemDice } from '@kozeni/base/dice'
import { Chip, type Way } from '@kozeni/chip/chip'
import { forge, isForged, type Order } from '@kozeni/chip/foundry'
import { CHIP_BYTES } from '@kozeni/chip/memory-map'
import { type Flushable, FlushedReader } from '@kozeni/chip/reader-flushed'
import { LocalReader } from '@kozeni/chip/reader-local'
import { serveWorker } from '@kozeni/chip/reader-worker'
import { SiliconTaken } from '@kozeni/chip/silicon'
import type { ImageSilicon } from '@kozeni/chip/silicon-image'
import { openSiliconIndexedDb } from '@kozeni/chip/silicon-indexeddb'
import { nobleCrypto as crypto } from '@kozeni/protocol/crypto-noble'

/** What the page asks first. */
export interface Opening {
  readonly name: string
  /** Forges a chip when there is none. */
  readonly order?: Order | undefined
  readonly wire: MessagePort
  readonly radio: MessagePort
}

/** Stops at the n-th save from now on: before the database hears of it, while it writes, or after it has written. */
export interface Halt {
  readonly at: number
  readonly moment: 'before' | 'amid' | 'after'
}

/** What the worker says: how the opening ended, and later that it has stopped. */
export type Said = 'open' | 'no chip' | 'halted' | { readonly taken: string }

let halt: Halt | undefined
let saves = 0

addEventListener('message', ({ data }: MessageEvent<Opening | Halt>) => {
  if ('name' in data) return void open(data).then(said => postMessage(said))
  halt = data
  saves = 0
})

async function open({ name, order, ...ports }: Opening): Promise<Said> {
  try {
    const silicon = await openSiliconIndexedDb(name, CHIP_BYTES)
    if (!isForged(silicon) && order !== undefined) forge(silicon, order)
    await silicon.flush()
    if (!isForged(silicon)) return 'no chip'
    const chip = new Chip({ silicon, crypto, dice: systemDice })
    const flushable = halting(silicon)
    const serve = (way: Way): void => serveWorker(new FlushedReader(new LocalReader(chip, way), flushable), ports[way])
    serve('wire')
    serve('radio')
    return 'open'
  } catch (error) {
    if (error instanceof SiliconTaken) return { taken: error.message }
    throw error
  }
}

function halting(silicon: ImageSilicon): Flushable {
  let { writes } = silicon.wear
  return {
    async flush() {
      if (silicon.wear.writes === writes) return silicon.flush()
      writes = silicon.wear.writes
      saves += 1
      if (halt?.at !== saves) return silicon.flush()
      const saved = halt.moment === 'before' ? undefined : silicon.flush()
      if (halt.moment === 'after') await saved
      postMessage('halted' satisfies Said)
      await new Promise(() => {})
    },
  }
}
