/** A center at work over a book that is open: the server and the mover, started together and stopped in order. */
import { no, ok, type Result } from '@kozeni/base/result'
import type { FastifyInstance } from 'fastify'
import type { Center } from './center.ts'
import { Hotlists } from './hotlist.ts'
import { Mover } from './mover.ts'
import { fetchPost } from './post-fetch.ts'
import { Pulse } from './pulse.ts'
import { createServer, type ServerLimits } from './server.ts'
import type { Post } from './store-webhook.ts'

export interface ServeOptions extends Omit<Center, 'hotlists'> {
  /** 0 for any that is free. */
  readonly port: number
  readonly host: string
  readonly limits?: ServerLimits
  readonly post?: Post
}

export type PortRefusal = {
  readonly code: 'port-taken' | 'port-forbidden' | 'host-unknown'
  readonly host: string
  readonly port: number
}

export interface RunningCenter {
  /** Scheme, host and port. */
  readonly origin: string
  /** Lets what is under way finish; then nobody is heard and nothing is told any more. The book stays open. */
  stop(): Promise<void>
}

/**
 * Listens and moves until stopped.
 *
 * @refuses port-taken · port-forbidden · host-unknown
 */
export async function serveCenter(options: ServeOptions): Promise<Result<RunningCenter, PortRefusal>> {
  const center: Center = { ...options, hotlists: new Hotlists(options) }
  const pulse = new Pulse(center)
  await pulse.beat() // whether the book was restored is known before anybody is heard
  const app = await createServer(center, options.limits)
  const origin = await listen(app, options)
  if (!origin.ok) {
    await app.close()
    return origin
  }
  pulse.start()
  const mover = new Mover({ ...center, post: options.post ?? fetchPost })
  mover.start()
  const stop = async (): Promise<void> => {
    await app.close()
    await mover.stop()
    await pulse.stop()
  }
  return ok({ origin: origin.value, stop })
}

const WHY: Readonly<Record<string, PortRefusal['code']>> = {
  EADDRINUSE: 'port-taken',
  EACCES: 'port-forbidden',
  ENOTFOUND: 'host-unknown',
  EADDRNOTAVAIL: 'host-unknown',
  EAI_AGAIN: 'host-unknown',
}

async function listen(app: FastifyInstance, { host, port }: ServeOptions): Promise<Result<string, PortRefusal>> {
  try {
    return ok(await app.listen({ host, port }))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? WHY[String(error.code)] : undefined
    if (code === undefined) throw error
    return no({ code, host, port })
  }
}
