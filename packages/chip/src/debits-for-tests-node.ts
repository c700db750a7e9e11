/**
 * How often a second one chip debits, in Node: the same bytes as its terminals say them, power and SELECT and all; and how
 * often it could if signing and verifying were all that it did. For the chip's figures and for the bench.
 */
import type { Bytes } from '@kozeni/base/bytes'
import { commandOf, EPOCH, type Order, till } from '@kozeni/program/purse-for-tests'
import type { Crypto } from '@kozeni/protocol/crypto'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { chipOf } from './install-for-tests-node.ts'
import { purseOnSilicon, type SiliconPurse, sayAgain } from './purse-on-silicon-for-tests-node.ts'
