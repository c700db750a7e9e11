import { type RefusalCode, refusal, WIRE } from '@kozeni/protocol/refusal'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { problem, problemOf, refusalOfProblem } from './problem.ts'

const codes = Object.keys(WIRE) as RefusalCode[]
const facts = fc.dictionary(
  fc.string().filter(name => name !== '__proto__'),
  fc.oneof(fc.string(), fc.integer(), fc.boolean()),
)

test('every refusal comes back from its problem as it was, facts and all', () => {
  fc.assert(
    fc.property(fc.constantFrom(...codes), facts, (code, told) => {
      const sent = problemOf(refusal(code, told))
      expect(problem.safeParse(sent).error).toBeUndefined()
      expect(refusalOfProblem(sent.status, JSON.parse(JSON.stringify(sent)))).toEqual(refusal(code, { ...told }))
    }),
  )
})

test('a problem says in plain words what is so and what to do next', () => {
  expect(problemOf(refusal('balance-too-low', { balance: '300' }))).toEqual({
    type: 'urn:kozeni:refusal:balance-too-low',
    title: 'The chip holds less than that.',
    status: 409,
    detail: 'Load the purse, or take less.',
    code: 'balance-too-low',
    retry: 'changed',
    facts: { balance: '300' },
  })
})

test('a code that only a newer center knows is taken for what its status means', () => {
  const newer = { type: 'urn:kozeni:refusal:moon-full', code: 'moon-full', facts: {} }
  expect(refusalOfProblem(404, newer)).toEqual(refusal('not-found', { status: 404, code: 'moon-full' }))
  expect(refusalOfProblem(418, newer)).toEqual(refusal('center-garbled', { status: 418, code: 'moon-full' }))
})

test('what the center did not say is no refusal of the center’s', () => {
  for (const body of [
    undefined,
    null,
    '<html>',
    {},
    { error: 'x' },
    { type: 'about:blank', code: 'mac-wrong', facts: {} },
  ]) {
    expect(refusalOfProblem(502, body)).toEqual(refusal('center-unreachable', { status: 502 }))
    expect(refusalOfProblem(404, body)).toEqual(refusal('center-garbled', { status: 404 }))
  }
})

test('codes that live on Object’s prototype are no codes', () => {
  const body = { type: 'urn:kozeni:refusal:constructor', code: 'constructor', facts: {} }
  expect(refusalOfProblem(409, body).code).toBe('data-wrong')
})
