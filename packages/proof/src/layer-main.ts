/**
 * `layer-main.ts NAME SIZE SEED`: one layer in a process of its own, so that its memory, its crash and its planted defects
 * are nobody else's. Speaks to launch.ts over the channel between them, and stops when that closes.
 */

import type { Said } from './launch.ts'
import type { Size } from './layer.ts'
import { layers } from './layers.ts'

const [name, size, seed] = process.argv.slice(2)
const layer = layers.find(each => each.name === name)
if (layer === undefined) throw new Error(`no layer ${name}`)

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())
process.on('disconnect', () => stop.abort())

const tell = (said: Said): void => void process.send?.(said)
const report = await layer.run({
  size: size as Size,
  seed: Number(seed),
  say: line => tell({ line }),
  signal: stop.signal,
})
process.send?.({ report } satisfies Said, () => process.exit(0))
