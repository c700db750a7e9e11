/** All that a group asks of one table by its key, each question made once. What is locked, and when, book-postgres-read.ts says. */
import {
  ACCOUNT,
  CHIP,
  DEVICE,
  FOUND,
  HONOURED,
  LOAD,
  MOVE,
  NUMBER,
  OPERATION,
  ORDER,
  RETURN,
  STORE,
  TERMINAL,
} from './book-tables.ts'
import { HOTLIST } from './book-tables-hotlist.ts'
import { PROPOSAL } from './book-tables-proposal.ts'
import { ISSUANCE, PURSE } from './book-tables-purse.ts'
import { HOLD, LOSS, RECEIPT, TERMINAL_SALES } from './book-tables-receipt.ts'
import { lossName, numberName, operationName, receiptName } from './book-writes.ts'
import { question } from './postgres-lookup.ts'

export const BY = {
  purse: question(PURSE, { columns: 'purse_id', name: row => row.purse }),
  issuance: question(ISSUANCE, { columns: 'purse_id', name: row => row.purse }),
  chip: question(CHIP, { columns: 'chip_id', name: row => row.chip }),
  load: question(LOAD, { columns: 'load_id', name: row => row.load }),
  order: question(ORDER, { columns: 'order_id', name: row => row.order }),
  move: question(MOVE, { columns: 'move_id', name: row => row.move }),
  proposal: question(PROPOSAL, { columns: 'proposal_id', name: row => row.proposal }),
  number: question(NUMBER, { columns: 'store_id, transaction', name: numberName }),
  account: question(ACCOUNT, { columns: 'account_id', name: row => row.account }),
  device: question(DEVICE, { columns: 'device_id', name: row => row.device }),
  store: question(STORE, { columns: 'store_id', name: row => row.store }),
  terminal: question(TERMINAL, { columns: 'terminal_id', name: row => row.terminal }),
  open: question(OPERATION, { columns: 'purse_id', where: 'closed_at_ms is null', name: row => row.purse }),
  operation: question(OPERATION, { columns: 'purse_id, epoch, number', name: operationName }),
  return: question(RETURN, { columns: 'purse_id, seq', name: receiptName }),
  hotlist: question(HOTLIST, { columns: 'follows', name: row => String(row.follows) }),
  loss: question(LOSS, { columns: 'purse_id', name: lossName }),
  hold: question(HOLD, { columns: 'purse_id', name: receiptName }),
  sales: question(TERMINAL_SALES, { columns: 'terminal_id', name: row => row.terminal }),
  honoured: question(HONOURED, { columns: 'store_id, transaction', name: numberName }),
  found: question(FOUND, { columns: 'purse_id', name: operationName }),
  receipt: question(RECEIPT, { columns: 'purse_id, seq', name: receiptName }),
}
