/** One thread of mac-threads.ts. */
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { Receipts } from '@kozeni/protocol/receipts'
import type { Asked } from './mac-threads.ts'
import { macsHere } from './macs.ts'
import { workAside } from './thread-work.ts'

const rightMacs = macsHere(crypto, 2 ** 16)

workAside(({ bytes, stride, masters }: Asked) => rightMacs(new Receipts(bytes, stride), masters))
