/** Every layer of the proof, in the order of the page. A new layer is one file and one line here. */
import type { Layer } from './layer.ts'
import { auditor } from './layer-auditor.ts'
import { bank } from './layer-bank.ts'
import { canaryOf } from './layer-canary.ts'
import { explore } from './layer-explore.ts'
import { fuzz } from './layer-fuzz.ts'
import { kill } from './layer-kill.ts'
import { restore } from './layer-restore.ts'
import { world } from './layer-world.ts'

const seeing: readonly Layer[] = [explore, world, bank, kill, restore, auditor, fuzz]

export const layers: readonly Layer[] = [...seeing, canaryOf(seeing)]
