import { cryptoContract } from './crypto.contract.ts'
import { nobleCrypto } from './crypto-noble.ts'
import { nodeCrypto } from './crypto-node.ts'

cryptoContract('node', nodeCrypto, nobleCrypto)
cryptoContract('noble', nobleCrypto, nodeCrypto)
