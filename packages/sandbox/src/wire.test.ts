import { createServer } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { Wire } from './wire.ts'

const closers: Array<() => Promise<unknown>> = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function behindWire(): Promise<{ wire: Wire; origin: string; served: () => number }> {
  let served = 0
  const server = createServer((incoming, outgoing) => {
    served += 1
    outgoing.end(`${incoming.method} ${incoming.headers.host}`)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const wire = new Wire([`http://127.0.0.1:${port}`])
  const origin = `http://127.0.0.1:${await wire.listen()}`
  closers.push(
    () => wire.close(),
    () => new Promise(resolve => server.close(resolve)),
  )
  return { wire, origin, served: () => served }
}

test('what is sent arrives as it was, with the host that its sender meant', async () => {
  const { origin } = await behindWire()
  const answer = await fetch(`${origin}/v1/loads`, { method: 'POST', body: 'x' })
  expect(await answer.text()).toBe(`POST ${new URL(origin).host}`)
})

test('a lost request never arrives; a lost answer was acted upon', async () => {
  const { wire, origin, served } = await behindWire()
  const requestLost = wire.plan({ lose: 'request', path: '/v1', after: 0 })
  await expect(fetch(`${origin}/v1/a`)).rejects.toThrow('fetch failed')
  await requestLost
  expect(served()).toBe(0)
  wire.heal()
  const answerLost = wire.plan({ lose: 'answer', path: '/v1', after: 1 })
  await fetch(`${origin}/v1/a`)
  await expect(fetch(`${origin}/v1/a`)).rejects.toThrow('fetch failed')
  await answerLost
  expect(served()).toBe(2)
})
