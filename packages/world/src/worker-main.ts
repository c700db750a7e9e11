/** A process that lives through the worlds whose seeds it is sent, and answers each with what it came to. */
import { builtPurse } from '@kozeni/program/compile-node'
import { replayCrypto } from './crypto-replay-node.ts'
import { Runner } from './run.ts'

const runner = new Runner(replayCrypto(), await builtPurse())

process.on('message', seed => {
  void runner.summary(Number(seed)).then(summary => process.send?.(summary))
})
