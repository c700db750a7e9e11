/**
 * A table as a declaration: which columns each field of a row stands in, and the one gate through which a database's row
 * becomes a typed row. Like protocol/struct.ts, in columns instead of bytes. It names columns; the SQL stands elsewhere.
 */
import { assert } from '@kozeni/base/assert'
import type { Bytes } from '@kozeni/base/bytes'
import { type Currency, currencyFromNumber, currencyNumber } from '@kozeni/base/currency'
import { type Id, idFromNumber, idNumber } from '@kozeni/base/ids'
import { arrayOf, type Cell, type ColumnType } from './postgres-array.ts'

interface Column {
  readonly name: string
  readonly type: ColumnType
}

/** How one value stands in one or more columns. `read` gets just as many cells as there are columns. */
export interface Field<T> {
  readonly columns: readonly Column[]
  write(value: T): readonly Cell[]
  /** The same, behind the cells that are there. */
  put(value: T, cells: Cell[]): void
  read(cells: readonly unknown[]): T
  /** The same, of the cells that begin at `from`. */
  readAt(cells: readonly unknown[], from: number): T
}

const fieldOf = <T>(parts: Omit<Field<T>, 'read' | 'write'>): Field<T> => ({
  ...parts,
  read: cells => parts.readAt(cells, 0),
  write: value => {
    const cells: Cell[] = []
    parts.put(value, cells)
    return cells
  },
})

export interface Table<Row> extends Field<Row> {
  /** The fields of its rows, by name. */
  readonly parts: { readonly [K in keyof Row]?: Field<Row[K]> }
  /** As SQL spells it. */
  readonly name: string
  /** All columns: `a, b, c`. */
  readonly list: string
  /** One array a column, to unnest: `$1::bigint[], $2::text[]`. */
  readonly arrays: string
  /** One row's parameters: `$1, $2`. */
  readonly values: string
  /** What an upsert brings: `excluded.a, excluded.b`. */
  readonly excluded: string
  /** The parameters for `arrays`. */
  parameters(rows: readonly Row[]): Buffer[]
}

/** One column of PostgreSQL's own type. */
export const bigints = (name: string): Field<bigint> => column(name, 'bigint', cell => typeof cell === 'bigint')
export const booleans = (name: string): Field<boolean> => column(name, 'boolean', cell => typeof cell === 'boolean')
export const texts = (name: string): Field<string> => column(name, 'text', cell => typeof cell === 'string')
export const byteStrings = (name: string): Field<Bytes> => column(name, 'bytea', cell => cell instanceof Uint8Array)
const smallints = (name: string): Field<number> => column(name, 'smallint', cell => typeof cell === 'number')
const jsons = (name: string): Field<string> => column(name, 'jsonb', cell => typeof cell === 'string')

function column<T extends Cell>(name: string, type: ColumnType, is: (cell: unknown) => boolean): Field<T> {
  return fieldOf<T>({
    columns: [{ name, type }],
    put: (value, cells) => cells.push(value),
    readAt: (cells, from) => {
      const cell = cells[from]
      if (!is(cell)) assert(false, `${name} holds a ${type}, not a ${typeof cell}`)
      return cell as T
    },
  })
}

/** The same columns, for a value of another type. */
export const mapped = <A, B>(field: Field<A>, to: (value: B) => A, from: (value: A) => B): Field<B> =>
  fieldOf({
    columns: field.columns,
    put: (value, cells) => field.put(to(value), cells),
    readAt: (cells, at) => from(field.readAt(cells, at)),
  })

/** A whole number that the program holds as a number: a place, a count, an instant in milliseconds. */
export const numbers = (name: string): Field<number> => mapped(bigints(name), BigInt, Number)

/** A name of eight bytes. */
export const ids = <T extends Id>(name: string): Field<T> => mapped(bigints(name), idNumber, idFromNumber<T>)

/** An amount of minor units; `gate` is money or total. */
export const amounts = <T extends bigint>(name: string, gate: (minorUnits: bigint) => T): Field<T> =>
  mapped(bigints(name), value => value, gate)

/** ISO 4217's number. */
export const currencies = (name: string): Field<Currency> =>
  mapped(smallints(name), currencyNumber, number => {
    const found = currencyFromNumber(number)
    if (found === undefined) assert(false, `${name} holds a currency of the table, not ${number}`)
    return found
  })

/** One of a few words, by its number. */
export function words<T extends string>(name: string, codes: Readonly<Record<T, number>>): Field<T> {
  const known = new Map(Object.entries<number>(codes).map(([word, code]) => [code, word as T]))
  return mapped(
    smallints(name),
    word => codes[word],
    code => {
      const word = known.get(code)
      if (word === undefined) assert(false, `${name} holds a number of a word, not ${code}`)
      return word
    },
  )
}

/** Texts by name, as JSON. */
export const textRecords = (name: string): Field<Readonly<Record<string, string>>> =>
  mapped(jsons(name), JSON.stringify, text => {
    const parsed: unknown = JSON.parse(text)
    assert(typeof parsed === 'object' && parsed !== null, `${name} holds an object`)
    return Object.fromEntries(Object.entries(parsed).map(([key, value]) => [key, String(value)]))
  })

/** Undefined where every column is null. */
export const optional = <T>(field: Field<T>): Field<T | undefined> =>
  fieldOf<T | undefined>({
    columns: field.columns,
    put: (value, cells) => {
      if (value === undefined) for (const _ of field.columns) cells.push(null)
      else field.put(value, cells)
    },
    readAt: (cells, from) => {
      for (let at = from; at < from + field.columns.length; at++)
        if (cells[at] !== null) return field.readAt(cells, from)
      return undefined
    },
  })

/** Several fields, each in columns of its own, one after the other. */
export function fields<T extends object>(parts: { readonly [K in keyof T]: Field<T[K]> }): Field<T> {
  const names = Object.keys(parts) as Array<keyof T & string>
  const widths = names.map(name => parts[name].columns.length)
  // what begins with all its names stays a fast object, however many they are
  const blank = Object.fromEntries(names.map(name => [name, undefined])) as Partial<T>
  return fieldOf<T>({
    columns: names.flatMap(name => parts[name].columns),
    put: (value, cells) => {
      for (const name of names) parts[name].put(value[name], cells)
    },
    readAt: (cells, from) => {
      const value = { ...blank }
      for (let i = 0, at = from; i < names.length; at += widths[i++] ?? 0) {
        const name = names[i] as keyof T & string
        value[name] = parts[name].readAt(cells, at)
      }
      return value as T
    },
  })
}

/** A table whose rows are these fields. */
export function table<Row extends object>(
  name: string,
  parts: { readonly [K in keyof Row]: Field<Row[K]> },
): Table<Row> {
  return { ...tableOf(name, fields<Row>(parts)), parts }
}

/** The same table, of whose rows only these fields are read. */
export function partOf<Row extends object, Name extends keyof Row>(
  whole: Table<Row>,
  names: readonly Name[],
): Table<Pick<Row, Name>> {
  const parts: { [K in Name]?: Field<Row[K]> } = {}
  for (const name of names) {
    const part = whole.parts[name]
    assert(part !== undefined, `${whole.name} has the field ${String(name)}`)
    parts[name] = part
  }
  return table<Pick<Row, Name>>(whole.name, parts as { readonly [K in keyof Pick<Row, Name>]: Field<Row[K]> })
}

/** A table whose rows are this field. */
export const tableOf = <Row>(name: string, field: Field<Row>): Table<Row> => ({
  ...field,
  parts: {},
  name,
  list: field.columns.map(each => each.name).join(', '),
  arrays: field.columns.map((each, i) => `$${i + 1}::${each.type}[]`).join(', '),
  values: field.columns.map((_, i) => `$${i + 1}`).join(', '),
  excluded: field.columns.map(each => `excluded.${each.name}`).join(', '),
  parameters: rows => {
    const cells = rows.map(row => field.write(row))
    return field.columns.map(({ type }, i) =>
      arrayOf(
        type,
        cells.map(row => row[i] ?? null),
      ),
    )
  },
})
