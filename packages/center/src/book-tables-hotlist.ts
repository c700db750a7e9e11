/** Where the hotlist's versions stand in PostgreSQL. */
import { type Bytes, concat, hex } from '@kozeni/base/bytes'
import { ID_BYTES, type Id, id, idBytes, type PurseId, type TerminalId } from '@kozeni/base/ids'
import type { HotlistRow, ListChange } from './book-hotlist.ts'
import { byteStrings, type Field, fields, mapped, numbers, table } from './postgres-table.ts'

/** Many names, one after the other, in one column. */
const names = <T extends Id>(column: string): Field<readonly T[]> =>
  mapped(byteStrings(column), list => concat(...list.map(idBytes)), namesIn<T>)

const namesIn = <T extends Id>(bytes: Bytes): readonly T[] =>
  Array.from({ length: bytes.length / ID_BYTES }, (_, i) => id<T>(hex(bytes.slice(ID_BYTES * i, ID_BYTES * (i + 1)))))

const changes = <T extends Id>(column: string): Field<ListChange<T>> =>
  fields<ListChange<T>>({ listed: names<T>(`${column}_listed`), unlisted: names<T>(`${column}_unlisted`) })

export const HOTLIST = table<HotlistRow>('hotlist', {
  follows: numbers('follows'),
  version: numbers('version'),
  at: numbers('at_ms'),
  purses: changes<PurseId>('purses'),
  terminals: changes<TerminalId>('terminals'),
})
