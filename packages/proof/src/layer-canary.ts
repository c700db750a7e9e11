/** The canary: one planted defect, and every layer that is meant to see it must report it. A layer that finds nothing is blind. */
import { fileURLToPath } from 'node:url'
import { launch } from './launch.ts'
import type { Layer, Report, Run } from './layer.ts'

/** @param layers  those that are to be tried */
export function canaryOf(layers: readonly Layer[]): Layer {
  const seeing = layers.filter(layer => layer.seesPlanted)
  const enough = seeing.reduce((sum, layer) => sum + layer.budgetSeconds.canary, 0)
  return {
    name: 'canary',
    proves:
      'A load given back without the chip’s word, planted in the center, is reported by every layer meant to see it.',
    tries: 'layers',
    atLeast: { quick: seeing.length, full: seeing.length },
    budgetSeconds: { canary: enough, quick: enough, full: enough },
    cores: 2,
    seesPlanted: false,
    run: run => tryAll(seeing, run),
  }
}

const PLANT = fileURLToPath(import.meta.resolve('./plant.ts'))

async function tryAll(layers: readonly Layer[], { seed, say, signal }: Run): Promise<Report> {
  const found: string[] = []
  const figures: Record<string, string> = {}
  let tried = 0
  for (const layer of layers) {
    if (signal.aborted) break
    const outcome = await launch(layer, { size: 'canary', seed, say, signal, plant: PLANT })
    tried += 1
    // a process that only broke down has seen nothing
    const first = outcome.tried > 0 ? outcome.found[0] : undefined
    say(`${layer.name}: ${first ?? 'saw nothing'}`)
    if (first === undefined) found.push(`${layer.name} does not see the planted defect`)
    figures[`${layer.name} says`] = first ?? 'nothing'
  }
  return { tried, found, figures }
}
