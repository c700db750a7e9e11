/** Tills that look right and are not: the product's machines, with what they see changed on the way. */
import type { Input, Step, TapState, World } from '@kozeni/terminal/tap'
import type { Sale } from '@kozeni/terminal/till'
import type { Design } from './design.ts'

type Stepping = (world: World, state: TapState, input: Input) => Step

/** A sale that gets no answer in time was not paid. */
export const endingByTime =
  (product: Stepping): Stepping =>
  (world, state, input) =>
    input.input === 'stop' && state.phase.at === 'listening'
      ? product(world, { ...state, task: { ...state.task, asked: undefined } }, input)
      : product(world, state, input)

/** What the center was shown is voided like anything else. */
export const voidsAnyTime = ({ begin, step }: Design['void']): Design['void'] => ({
  begin: sale => begin(unoffered(sale)),
  step: (world, state, input) => {
    const sales = new Map([...world.till.sales].map(([number, sale]) => [number, unoffered(sale)]))
    return step({ ...world, till: { ...world.till, sales } }, state, input)
  },
})

const unoffered = (sale: Sale): Sale => ({ ...sale, offered: false })
