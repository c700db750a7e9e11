/**
 * The words of the HTTP contract: how amounts, names, bytes and times are spelled in JSON, and the register of named
 * schemas that the OpenAPI document is made from. Amounts are text, so that no float ever touches them.
 *
 * Requests are strict (an unknown field is refused), answers are not (an older client ignores a newer center's fields).
 */
import { type Bytes, fromBase64url } from '@kozeni/base/bytes'
import { type Currency, isCurrency } from '@kozeni/base/currency'
import { type Id, isId } from '@kozeni/base/ids'
import { parseMoney, TOTAL_MAX } from '@kozeni/base/money'
import { CHIP_CLASS, type ChipClass } from '@kozeni/protocol/certificate'
import { POINT_BYTES } from '@kozeni/protocol/crypto'
import { parseNumber, type TransactionNumber } from '@kozeni/protocol/number'
import { KIND, type Kind, OUTCOME, type Outcome } from '@kozeni/protocol/operation'
import { type RefusalCode, WIRE } from '@kozeni/protocol/refusal'
import { z } from 'zod'

/** What the reference says of a named schema. */
export interface Naming {
  readonly id: string
  readonly description: string
  readonly examples?: unknown[]
}

/** Every schema that has a name; one component of the OpenAPI document each. */
export const named = z.registry<Naming>()

/** Gives `schema` its name in the reference. Examples must pass the schema: a test walks them. */
export function naming<S extends z.ZodType>(id: string, description: string, schema: S, ...examples: unknown[]): S {
  named.add(schema, examples.length === 0 ? { id, description } : { id, description, examples })
  return schema
}

/** The one gate from text that a schema has checked to the type that the check proves; the text stays as it is. */
function proven<T extends string>(schema: z.ZodType<string, string>): z.ZodType<T, T> {
  return schema as z.ZodType<T, T>
}

/** Minor units in plain digits, from 0 to 2^32 − 1. */
export const amount = naming(
  'Amount',
  'Whole minor units in plain digits: "1200" is 1,200 yen, or 12.00 dollars. From 0 to 4294967295; never a number.',
  z
    .string()
    .regex(/^(0|[1-9][0-9]{0,9})$/)
    .refine(text => parseMoney(text) !== undefined),
  '1200',
)

/** As amount, more than zero. */
export const price = naming(
  'Price',
  'An amount of more than zero.',
  z
    .string()
    .regex(/^[1-9][0-9]{0,9}$/)
    .refine(text => parseMoney(text) !== undefined),
  '1200',
)

/** A total or a sum, which may be owed the other way round. */
export const sum = naming(
  'Sum',
  'Whole minor units in plain digits, negative when owed the other way round.',
  z
    .string()
    .regex(/^(0|-?[1-9][0-9]{0,18})$/)
    .refine(text => fitsTotal(text)),
  '-300',
)

const fitsTotal = (text: string): boolean => /^-?[0-9]{1,19}$/.test(text) && BigInt(text.replace('-', '')) <= TOTAL_MAX

/** Three letters of ISO 4217. */
export const currency = naming(
  'Currency',
  'Three letters of ISO 4217.',
  proven<Currency>(
    z
      .string()
      .regex(/^[A-Z]{3}$/)
      .refine(letters => isCurrency(letters)),
  ),
  'JPY',
)

/** The name of a thing: sixteen lower-case hexadecimal digits. */
export const idOf = <T extends Id>(id: string, description: string): z.ZodType<T, T> =>
  naming(
    id,
    description,
    proven<T>(
      z
        .string()
        .regex(/^[0-7][0-9a-f]{15}$/)
        .refine(isId),
    ),
    '5f3a91c07be2d846',
  )

/** From `least` to `most` bytes in base64url without padding, in the one canonical spelling. */
export const bytes = (least: number, most: number) =>
  z
    .string()
    .max(Math.ceil((4 * most) / 3))
    .regex(/^[A-Za-z0-9_-]*$/)
    .refine(text => within(fromBase64url(text), least, most))

const within = (found: Bytes | undefined, least: number, most: number): boolean =>
  found !== undefined && found.length >= least && found.length <= most

/** A key. */
export const point = naming(
  'PublicKey',
  'A point of P-256: 65 bytes, uncompressed (04 ‖ x ‖ y), in base64url.',
  bytes(POINT_BYTES, POINT_BYTES),
)

/** An instant, UTC. */
export const time = naming(
  'Time',
  'An instant as RFC 3339 has it, in UTC.',
  z.iso.datetime(),
  '2026-04-01T09:30:00.000Z',
)

/** Exactly `size` bytes in lower-case hexadecimal, as a store's own records have keys and digests. */
export const hex = (size: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * size}}$`))

/** Counters and versions: 0 to 2^32 − 1. */
export const whole = z.int().min(0).max(0xffff_ffff)

/** An instant as transactions have it: whole seconds since 1970. Where a store computes with it. */
export const seconds = naming(
  'Seconds',
  'Whole seconds since 1970, as transactions have them.',
  z.int().min(0).max(0xffff_ffff),
  1_775_035_800,
)

/** Text that can be shown: 1 to `most` characters, none of control, no lone surrogates. */
export const text = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine(value => value.isWellFormed() && !/\p{Cc}/u.test(value))

/** A page's size in a query: digits, 1 to 500. */
export const limit = z.string().regex(/^([1-9][0-9]?|[1-4][0-9]{2}|500)$/)

/** Where the next page of a list begins; opaque. */
export const cursor = z
  .string()
  .regex(/^[A-Za-z0-9_.:-]+$/)
  .max(200)

/** A store's number for one sale. */
export const transactionNumber = naming(
  'TransactionNumber',
  'Made by the store’s server: six groups of four characters of Crockford’s base 32; the last catches typing slips.',
  proven<TransactionNumber>(
    z
      .string()
      .regex(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){5}$/)
      .refine(isNumber),
  ),
  '0000-0000-0000-0000-0000-0000',
)

function isNumber(spelled: string): boolean {
  const number = parseNumber(spelled)
  return number.ok && number.value === spelled
}

/** One of the keys of a table of the protocol, which stays the only list of them. */
const keyOf = <K extends string>(table: Readonly<Record<K, unknown>>): z.ZodType<K, K> =>
  proven<K>(z.enum(Object.keys(table)))

/** What an operation does to the chip's value. */
export const kind = naming('OperationKind', 'Load and refund add, pay and sweep take.', keyOf<Kind>(KIND), 'load')

/** What the chip did with an operation. */
export const outcome = naming('Outcome', 'What the chip did with it.', keyOf<Outcome>(OUTCOME), 'applied')

/** What kind of chip it is. */
export const chipClass = naming(
  'ChipClass',
  'What the foundry’s register says of the chip.',
  keyOf<ChipClass>(CHIP_CLASS),
  'software',
)

/** Why not. */
export const refusalCode = naming(
  'RefusalCode',
  'The state of the world that stands against it; listed with remedies in docs/spec/refusals.md.',
  keyOf<RefusalCode>(WIRE),
  'balance-too-low',
)
