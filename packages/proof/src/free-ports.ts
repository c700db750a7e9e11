/** Ports of loopback that nobody listens on, for processes that have to be told beforehand where they will be. */
import { once } from 'node:events'
import { createServer } from 'node:net'

const FIRST = 20_000
const RANGE = 10_000

/** @returns the first of `count` neighbouring ports that are free now */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = FIRST + Math.floor(Math.random() * RANGE)
    const tried = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)))
    if (tried.every(free => free)) return first
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
