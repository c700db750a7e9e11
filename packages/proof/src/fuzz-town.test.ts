import { routes } from '@kozeni/api/routes'
import { expect, test } from 'vitest'
import { FuzzTown, requestOf } from './fuzz-town.ts'

test('a failure, silence, and a trace of what was refused are found; an operator’s alarm and what was done are not', async () => {
  const town = await FuzzTown.open()
  const answer = (status: number) => ({ status, headers: {}, body: 'text' })
  expect(town.judge({ response: undefined, wrote: [] })).toEqual(['no answer in ten seconds'])
  expect(town.judge({ response: answer(500), wrote: [] })).toEqual(['500: text'])
  expect(town.judge({ response: answer(409), wrote: ['load', 'alarm'] })).toEqual([
    'it was refused with 409, and wrote load',
  ])
  expect(town.judge({ response: answer(409), wrote: ['alarm'] })).toEqual([])
  const sound = await town.ask(requestOf(town.sample('createLoad'), town.rightful(routes.createLoad)))
  expect(sound.response?.status).toBe(200)
  expect(sound.wrote).toContain('load')
  expect(town.judge(sound)).toEqual([])
  await town.close()
})
