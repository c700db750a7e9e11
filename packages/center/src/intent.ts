/** What an operation is to do, before it has a number; and what an order asks for. */
import type { Bytes } from '@kozeni/base/bytes'
import type { Money } from '@kozeni/base/money'
import type { Crypto } from '@kozeni/protocol/crypto'
import type { Kind } from '@kozeni/protocol/operation'
import { orderReference } from '@kozeni/protocol/reference'
import type { OperationRow, OrderRow } from './book.ts'

export interface Intent {
  readonly kind: Kind
  readonly amount: Money
  readonly reference: Bytes
  readonly sessionEnd?: number
  readonly store?: OperationRow['store']
  readonly transaction?: string
  readonly order?: OperationRow['order']
}

/** What would be opened for this order, for so much of it: a refund as what it is, everything else as a load. */
export const intentOf = (crypto: Crypto, { kind, order }: Pick<OrderRow, 'kind' | 'order'>, amount: Money): Intent => ({
  kind: kind === 'refund' ? 'refund' : 'load',
  amount,
  reference: orderReference(crypto, order),
  order,
})
