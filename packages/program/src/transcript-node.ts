/** Writes vectors/purse.json anew, from the program as it is built. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtPurse } from './compile-node.ts'
import { transcriptOf } from './transcript.ts'

const VECTORS = join(import.meta.dirname, '..', '..', '..', 'vectors', 'purse.json')

if (import.meta.main) {
  const transcript = transcriptOf(new WebAssembly.Module(await builtPurse()))
  writeFileSync(VECTORS, `${JSON.stringify(transcript, undefined, 2)}\n`)
}
