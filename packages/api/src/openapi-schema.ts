/** Named schemas as components of the OpenAPI document, and references to them. JSON Schema 2020-12, which 3.1 speaks. */
import { z } from 'zod'
import { named } from './schema.ts'

type Json = Readonly<Record<string, unknown>>

const address = (id: string): string => `#/components/schemas/${id}`

/** Every named schema, with its description and examples; what a request may hold, not what a parser adds. */
export function schemas(): Json {
  const { schemas: found } = z.toJSONSchema(named, { uri: address, io: 'input', metadata: named })
  return Object.fromEntries(Object.entries(found).map(([id, schema]) => [id, plain(schema)]))
}

/** A bug unless the schema was given a name. */
export function referenceTo(schema: z.ZodType): Json {
  const naming = named.get(schema)
  if (naming === undefined) throw new TypeError('the bodies and answers of routes have names')
  return { $ref: address(naming.id) }
}

/** A reference where the schema has a name, else the schema itself. */
export const inline = (schema: z.core.$ZodType): Json =>
  schema instanceof z.ZodType && named.has(schema)
    ? referenceTo(schema)
    : plain(z.toJSONSchema(schema, { io: 'input' }))

/** Without what the document says once for all, or by the place where it stands. */
function plain({ $schema: _dialect, $id: _address, id: _name, ...schema }: Json): Json {
  return schema
}
