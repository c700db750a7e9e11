/** Where a terminal is, by an operator's word. */
import { ok } from '@kozeni/base/result'
import type { Center } from './center.ts'
import { placeOf, placeTerminal } from './register.ts'
import { timeOf } from './server-answer.ts'
import type { Handlers } from './server-handler.ts'
import { terminalLimits } from './server-terminals.ts'

/** Marking terminals as stolen, lost or in service. */
export const terminalPlaceHandlers = (center: Center): Pick<Handlers, 'placeTerminal'> => ({
  placeTerminal: async ({ params, body }) => {
    const placed = await center.book.run(placeTerminal(params.terminal, body.place))
    if (!placed.ok) return placed
    center.log('warn', 'an operator has said where a terminal is', { ...params, ...body })
    const { terminal, lastUpload } = placed.value
    const uploaded = lastUpload === undefined ? {} : { lastUpload: timeOf(lastUpload) }
    return ok({ terminal, place: placeOf(placed.value), ...uploaded, atRisk: terminalLimits(center.policy).unuploaded })
  },
})
