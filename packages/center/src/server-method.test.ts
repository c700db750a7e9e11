import { allRoutes } from '@kozeni/api/routes'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testCenter } from './server-for-tests.ts'

let center: Awaited<ReturnType<typeof testCenter>>
beforeAll(async () => {
  center = await testCenter()
})
afterAll(() => center.close())

test('a method that a path does not know is called so, and the ones that it knows are named', async () => {
  const before = center.dump()
  for (const path of new Set(allRoutes.map(each => each.path))) {
    const known = allRoutes.filter(each => each.path === path).map(({ method }): string => method)
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'QUERY'].filter(one => !known.includes(one))) {
      const { status, headers } = await center.raw({ method, target: path.replaceAll(/\{\w+\}/g, '1') })
      expect([path, method, status]).toEqual([path, method, 405])
      expect(headers['allow']).toBe(known.join(', '))
    }
  }
  expect(center.dump()).toEqual(before)
})
