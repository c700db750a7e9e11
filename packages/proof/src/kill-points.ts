/** Where processes are killed: at random, and at points of their work that are named and waited for at a gate. */

import { INS } from '@kozeni/protocol/purse'
import type { Fault } from '@kozeni/sandbox/wire'
import type { Tapped } from './field-wire.ts'
import type { Strike } from './gate.ts'
import type { KillTown, Victim } from './kill-town.ts'
import type { Spoken } from './postgres-wire.ts'

export interface Point {
  readonly victim: Victim
  /** At what moment, in words. */
  readonly at: string
  /** Waits for the moment and kills. */
  strike(town: KillTown): Promise<void>
  /** The moment did not come in time: it is waited for no longer. */
  giveUp(town: KillTown): void
}

/** At a moment of chance. */
const atRandom = (victim: Victim, longestMs = 1500): Point => ({
  victim,
  at: 'at random',
  strike: async town => {
    await new Promise(resolve => setTimeout(resolve, Math.random() * longestMs))
    await town.kill(victim)
  },
  giveUp: () => undefined,
})

/** When center and database say something to each other. */
const atDatabase = (victim: Victim, at: string, strike: Omit<Strike<Spoken>, 'act'>): Point => ({
  victim,
  at,
  strike: town => town.databaseGate.arm({ ...strike, act: () => town.kill(victim) }),
  giveUp: town => town.databaseGate.disarm(),
})

/** When till and chip say something to each other. */
const atField = (at: string, strike: Omit<Strike<Tapped>, 'act'>): Point => ({
  victim: 'terminal',
  at,
  strike: town => town.fieldGate.arm({ ...strike, act: () => town.kill('terminal') }),
  giveUp: town => town.fieldGate.disarm(),
})

/** When somebody asks the center over HTTP: it never hears of it, or has acted and nobody is told. */
const atWire = (victim: Victim, at: string, fault: Pick<Fault, 'lose' | 'path'>): Point => ({
  victim,
  at,
  strike: town => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { wire } = town.town
    const atOnce = async (): Promise<void> => {
      await town.kill(victim)
      wire.heal()
      resolve()
    }
    void wire.plan({ ...fault, after: 0, atOnce })
    return promise
  },
  giveUp: town => town.town.wire.heal(),
})

const runs =
  (part: string) =>
  ({ says, text }: Spoken): boolean =>
    says === 'runs' && text.includes(part)

const beforeCommit = { when: runs('commit'), arrives: false } as const
const afterCommit = { when: ({ says, text }: Spoken) => says === 'done' && text === 'COMMIT', arrives: false } as const
const betweenStatements = { when: runs('insert into entry'), arrives: true } as const
const beforeStrikingOut = { when: runs('delete from outbox'), arrives: false } as const
const afterLease = { when: runs('update outbox set due_ms = $3'), arrives: true } as const
const debitAsked = { when: ({ says, ins }: Tapped) => says === 'asks' && ins === INS.debit, arrives: true } as const
const debitDone = { when: ({ says, ins }: Tapped) => says === 'answers' && ins === INS.debit, arrives: false } as const

/** Every process that holds money's state, at random and at each of its worst moments. The first six are the quick run's. */
export const POINTS: readonly Point[] = [
  atDatabase('postmaster', 'after the commit, before the center hears of it', afterCommit),
  atDatabase('center', 'after the commit, before anybody is told', afterCommit),
  atDatabase('center', 'inside the outbox: told, and not yet struck out', beforeStrikingOut),
  atField('after the chip has paid, before the receipt is journaled', debitDone),
  atWire('store server', 'when the center has answered it', { lose: 'answer', path: '/v1/stores/me/payments' }),
  atRandom('postmaster'),
  atDatabase('postmaster', 'before the commit', beforeCommit),
  atDatabase('center', 'before the commit', beforeCommit),
  atDatabase('center', 'between two statements', betweenStatements),
  atDatabase('postmaster', 'between two statements', betweenStatements),
  atDatabase('center', 'inside the outbox: a task is leased', afterLease),
  atDatabase('postmaster', 'inside the outbox: told, and not yet struck out', beforeStrikingOut),
  atWire('center', 'when it has answered a contact and the answer is lost', { lose: 'answer', path: '/v1/contacts' }),
  atWire('center', 'when it has taken a load and the answer is lost', { lose: 'answer', path: '/v1/loads' }),
  atField('when it has asked the chip, before the chip answers', debitAsked),
  atWire('terminal', 'when its receipts have been taken in', { lose: 'answer', path: '/v1/receipts' }),
  atRandom('center'),
  atRandom('store server'),
  atRandom('terminal'),
]
