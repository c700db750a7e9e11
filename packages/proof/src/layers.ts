/** Every layer of the proof, in the order of the page. A new layer is one file and one line here. */
import type { Layer } from './layer.ts'

export const layers: readonly Layer[] = []
