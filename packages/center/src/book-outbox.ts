/** The book's row of a task. What each task is for is in outbox.ts; mover.ts does them. */
import type { LoadId, MoveId, PurseId, StoreId } from '@kozeni/base/ids'

/** Something to tell the world after the transaction; told at least once. */
export interface OutboxRow {
  readonly name: string
  readonly task: 'webhook' | 'capture' | 'give-back' | 'move' | 'lost' | 'check' | 'gap'
  readonly subject: StoreId | LoadId | MoveId | PurseId
  readonly body: Readonly<Record<string, string>>
  /** Milliseconds since 1970. */
  readonly due: number
}
