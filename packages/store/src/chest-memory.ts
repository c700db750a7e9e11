/** A chest that lasts as long as its process. For tests, and for stores that always start with the center in reach. */
import type { Chest, Handed } from './chest.ts'

/** An empty chest. */
export function memoryChest(): Chest {
  let kept: Handed | undefined
  return {
    load: async () => kept,
    save: async handed => {
      kept = handed
    },
  }
}
