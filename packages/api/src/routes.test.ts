import { expect, test } from 'vitest'
import { CALLER_KINDS, paramsIn, refusalsOf } from './route.ts'
import { allRoutes, callerMatrix, routes } from './routes.ts'
import { named } from './schema.ts'

test('every route stands in the table under its own name, and no two share a method and a path', () => {
  for (const [name, route] of Object.entries(routes)) expect(route.name).toBe(name)
  const places = allRoutes.map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`)
  expect(new Set(places).size).toBe(places.length)
})

test('a path’s parameters are exactly those that are declared', () => {
  for (const { path, params } of allRoutes) expect(paramsIn(path)).toEqual(Object.keys(params?.shape ?? {}))
})

test('only what is sent has a body, and what is sent has one unless its path says all', () => {
  for (const { method, body, rawBody, path } of allRoutes) {
    if (method === 'GET') expect([body, rawBody]).toEqual([undefined, undefined])
    else expect(body !== undefined || rawBody === true || /\/(cancel|confirm|withdraw)$/.test(path)).toBe(true)
  }
})

test('what opens something new in the book is repeated under a key, and says so', () => {
  const keyed = allRoutes.filter(({ idempotent }) => idempotent === 'by-key')
  expect(keyed.map(({ name }) => name)).toEqual([
    'createLoad',
    'createRefund',
    'createReturn',
    'registerStore',
    'registerTerminal',
    'settle',
    'orderRefund',
    'propose',
  ])
  for (const route of keyed) expect(refusalsOf(route)).toEqual(expect.arrayContaining(['key-reused', 'in-progress']))
})

test('whoever signs can be told that the signature, the clock or the caller is wrong', () => {
  const codes = ['not-authenticated', 'signature-wrong', 'clock-differs', 'caller-unknown'] as const
  for (const { name } of allRoutes.filter(({ caller }) => caller.some(kind => /device|store|terminal/.test(kind))))
    expect(refusalsOf(routes[name as keyof typeof routes])).toEqual(expect.arrayContaining([...codes]))
})

test('the matrix has a cell for every route and every kind of caller, and each kind may call something', () => {
  expect(callerMatrix.length).toBe(allRoutes.length * CALLER_KINDS.length)
  for (const kind of CALLER_KINDS) {
    const own = callerMatrix.filter(({ route, caller }) => caller === kind && route.caller.includes(kind))
    expect(own.length).toBeGreaterThan(0)
  }
  const may = (name: string, caller: string): boolean | undefined =>
    callerMatrix.find(cell => cell.route.name === name && cell.caller === caller)?.may
  expect([may('settle', 'operator'), may('settle', 'store'), may('getHealth', 'store')]).toEqual([true, false, true])
})

test('every example in the reference passes the schema that it is an example of', () => {
  const schemas = new Set(
    allRoutes.flatMap(({ body, answer }) => [body, answer].filter(schema => schema !== undefined)),
  )
  for (const schema of schemas) {
    expect(named.get(schema)?.id).toBeDefined()
    for (const example of named.get(schema)?.examples ?? []) expect(schema.safeParse(example).error).toBeUndefined()
  }
})
