/** One thread of mac-threads.ts. */
import { parentPort } from 'node:worker_threads'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { Receipts } from '@kozeni/protocol/receipts'
import type { Asked } from './mac-threads.ts'
import { macsHere } from './macs.ts'

const rightMacs = macsHere(crypto, 2 ** 16)

parentPort?.on('message', ({ bytes, stride, masters }: Asked) => {
  parentPort?.postMessage(rightMacs(new Receipts(bytes, stride), masters))
})
