import { StillClock } from '@kozeni/base/clock'
import { systemDice } from '@kozeni/base/dice'
import { id, type StoreId, type TerminalId } from '@kozeni/base/ids'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { receiptsOf } from '@kozeni/protocol/receipts'
import { expect, test } from 'vitest'
import type { TerminalRow } from './book.ts'
import { MemoryBook } from './book-memory.ts'
import { memoryMarks } from './mark-memory.ts'
import { defaultPolicy } from './policy.ts'
import { takeIn } from './take-in.ts'
import { memoryVault } from './vault-memory.ts'

test('an upload whose book is lost is not answered, and no part of it fails later by itself', async () => {
  const book = new MemoryBook(new StillClock(0))
  book.look = () => Promise.reject(new Error('the book is lost'))
  const terminal: TerminalRow = {
    terminal: id<TerminalId>('0000000000000001'),
    store: id<StoreId>('0000000000000002'),
    publicKey: new Uint8Array(65),
    stolen: false,
    lastUpload: undefined,
    journal: undefined,
    lostAt: undefined,
  }
  await expect(
    takeIn(
      { book, crypto, vault: memoryVault(crypto, 1), marks: memoryMarks(), policy: defaultPolicy, dice: systemDice },
      terminal,
      receiptsOf([new Uint8Array(3)]),
      [{ position: 1, hotlist: 0 }],
    ),
  ).rejects.toThrow('lost')
})
