/** One thread of mac-threads.ts. */
import { readlinkSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { Receipts } from '@kozeni/protocol/receipts'
import type { Asked } from './mac-threads.ts'
import { macsHere } from './macs.ts'

const rightMacs = macsHere(crypto, 2 ** 16)

yieldToOthers()

parentPort?.on('message', ({ bytes, stride, masters }: Asked) => {
  parentPort?.postMessage(rightMacs(new Receipts(bytes, stride), masters))
})

/** Receipts can wait, and who is at a counter cannot. Where the system has no name for a thread, all are equal. */
function yieldToOthers(): void {
  try {
    const name = readlinkSync('/proc/thread-self').split('/').at(-1)
    setPriority(Number(name), constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // it is as fast as the others then
  }
}
