/** Stores' numbers, by operators: a new generation of seeds, and what was refused. */
import { ok } from '@kozeni/base/result'
import type { Center } from './center.ts'
import { raiseGeneration } from './generation.ts'
import type { RefusedNumbers } from './refused-numbers.ts'
import { timeOf } from './server-answer.ts'
import type { Handlers } from './server-handler.ts'

/** @param refused  what this process has counted since it started, which is now */
export function numberHandlers(
  center: Center,
  refused: RefusedNumbers,
): Pick<Handlers, 'raiseGeneration' | 'listRefusedNumbers'> {
  const since = timeOf(center.clock.now())
  return {
    raiseGeneration: async ({ params, body }) => {
      const raised = await center.book.run(raiseGeneration(params.store, body.generation))
      if (!raised.ok) return raised
      center.log('warn', 'an operator has revoked a store’s seeds', { ...params, ...body })
      return ok({ store: params.store, generation: raised.value.generation })
    },

    listRefusedNumbers: async () => {
      const told = refused.list().map(({ store, code, check, count }) => ({
        ...(store && { store }),
        code,
        ...(check !== undefined && { check }),
        count,
      }))
      return ok({ since, refused: told })
    },
  }
}
