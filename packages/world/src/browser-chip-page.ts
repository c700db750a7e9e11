/**
 * The page of browser-chip.test.ts: starts the chip's worker and reaches the chip through it, over the wire and by
 * radio; and everything of browser-page.ts. It decides nothing: the test calls it from outside.
 */
import type { Order } from '@kozeni/chip/foundry'
import { WorkerReader } from '@kozeni/chip/reader-worker'
import type { Halt, Opening, Said } from './browser-chip-worker.ts'
import './browser-page.ts'

/** A chip in this page's worker. */
interface ChipHere {
  /** How the opening ended. */
  readonly said: Said
  readonly wire: WorkerReader
  readonly radio: WorkerReader
  /** Has the worker stop dead then. @returns when it has stopped */
  haltAt(halt: Halt): Promise<Said>
}

async function openChip(name: string, order?: Order): Promise<ChipHere> {
  const worker = new Worker('/worker.js', { type: 'module' })
  const [wire, radio] = [new MessageChannel(), new MessageChannel()]
  const opening: Opening = { name, order, wire: wire.port2, radio: radio.port2 }
  worker.postMessage(opening, [wire.port2, radio.port2])
  return {
    said: await next(worker),
    wire: new WorkerReader(wire.port1),
    radio: new WorkerReader(radio.port1),
    haltAt: halt => {
      worker.postMessage(halt)
      return next(worker)
    },
  }
}

function next(worker: Worker): Promise<Said> {
  const { promise, resolve, reject } = Promise.withResolvers<Said>()
  worker.onmessage = ({ data }: MessageEvent<Said>) => resolve(data)
  worker.onerror = ({ message }) => reject(new Error(message))
  return promise
}

declare global {
  interface Window {
    readonly openChip: typeof openChip
  }
}

Object.assign(window, { openChip })
