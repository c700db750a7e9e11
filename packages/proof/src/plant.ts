/**
 * The planted defect, loaded before anything else (`--import`) into a layer's process and all that it starts: one line of
 * the center is wrong, as if somebody had written it so. A load that its holder cancels while the chip may already have it is
 * given back without the chip's word (PROTOCOL §9, 4). The product knows nothing of it.
 */
import { type LoadHookSync, registerHooks } from 'node:module'

const FILE = '/center/src/load.ts'
const RIGHT = "if (order?.stage === 'waiting') return notOpened("
const WRONG = "if (order?.stage === 'waiting' || order?.stage === 'open') return notOpened("

type Source = ReturnType<LoadHookSync>['source']

const textOf = (source: Source): string =>
  typeof source === 'string' || source === undefined ? (source ?? '') : new TextDecoder().decode(source)

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context)
    if (!url.endsWith(FILE)) return loaded
    const source = textOf(loaded.source)
    if (source.split(RIGHT).length !== 2) throw new Error(`${FILE} has changed: plant another defect`)
    return { ...loaded, source: source.replace(RIGHT, WRONG) }
  },
})
