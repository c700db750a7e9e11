import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { WIRE } from '@kozeni/protocol/refusal'
import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, test } from 'vitest'
import { openApi } from './openapi.ts'
import { refusalTable } from './refusal-table.ts'
import { refusalsOf } from './route.ts'
import { allRoutes } from './routes.ts'

const ROOT = join(import.meta.dirname, '../../..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const { version } = JSON.parse(read('package.json'))

/** As it travels. */
const document = JSON.parse(JSON.stringify(openApi(version)))

test('the document is OpenAPI 3.1, by a validator that is not ours', async () => {
  const validator = new Validator()
  expect((await validator.validate(structuredClone(document))).errors).toBe(undefined)
  expect(validator.version).toBe('3.1')
})

test('every route is in it, with its name, its callers and every status that it may refuse with', () => {
  for (const route of allRoutes) {
    const operation = document.paths[route.path][route.method.toLowerCase()]
    expect(operation.operationId).toBe(route.name)
    expect(operation['x-callers']).toEqual(route.caller)
    for (const code of refusalsOf(route))
      expect(operation.responses[WIRE[code].http].description).toContain(`\`${code}\``)
  }
})

test('every reference in it leads somewhere, and every schema in it is referred to', () => {
  const references = new Set(
    [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/([\w-]+)"/g)].map(
      ([, kind = '', name = '']) => `${kind}/${name}`,
    ),
  )
  for (const reference of references) {
    const [kind = '', name = ''] = reference.split('/')
    expect([reference, document.components[kind][name] !== undefined]).toEqual([reference, true])
  }
  for (const name of Object.keys(document.components.schemas)) expect(references).toContain(`schemas/${name}`)
})

test('a request’s unknown fields are shown as refused, an answer’s are not', () => {
  const { LoadRequest, Load } = document.components.schemas
  expect([LoadRequest.additionalProperties, Load.additionalProperties]).toEqual([false, undefined])
})

test('the checked-in contract is fresh: else run npm run generate', () => {
  expect(JSON.parse(read('docs/openapi.json'))).toEqual(document)
})

test('the checked-in refusals are fresh: else run npm run generate', () => {
  expect(read('docs/spec/refusals.md')).toBe(refusalTable())
})
