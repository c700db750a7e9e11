/**
 * A process that takes orders over HTTP on this machine alone: a phone its holder's, a till its clerk's. Orders move
 * money, and any web page can send requests to this machine: each needs the token that stands in the folder's
 * control.json, which only the folder's owner can read. What the orders are is the composer's.
 */
import { rename, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { assert } from '@kozeni/base/assert'
import { base64url, equal, utf8 } from '@kozeni/base/bytes'
import type { Dice } from '@kozeni/base/dice'
import { no, ok, type Result } from '@kozeni/base/result'
import { parseJson, plain } from '@kozeni/protocol/json'
import { type Refusal, refusal, refusalText, WIRE } from '@kozeni/protocol/refusal'

export interface OrderServerParts {
  /** Where control.json stands while it takes orders. */
  readonly folder: string
  /** 0 for any that is free. */
  readonly port: number
  readonly dice: Dice
  /** Does one order: method and path in one word (`POST /sell`), and its fields, from query and body. Undefined: {}. */
  readonly obey: (order: string, input: object) => Promise<Result<unknown, Refusal>>
}

/** How another program of the same user reaches it: what stands in control.json. */
export interface Control {
  /** On the loopback only. */
  readonly port: number
  /** What every order must show. */
  readonly token: string
}

export interface OrderServer extends Control {
  /** Takes no more orders; those that it has begun are let finish and are answered. */
  stop(): Promise<void>
}

const BODY_BYTES_MAX = 16_384

/**
 * Listens, then tells the folder's owner where.
 *
 * @returns what answers orders with JSON: the result, or the refusal with its title and remedy
 * @throws  when the port is taken
 */
export async function takeOrders({ folder, port, dice, obey }: OrderServerParts): Promise<OrderServer> {
  const orders = new Orders(base64url(dice.bytes(24)), obey)
  const server = createServer((request, response) => void orders.serve(request, response))
  const control = { port: await listen(server, port), token: orders.token }
  const path = join(folder, 'control.json')
  await tellOwner(path, control)
  const stop = async () => {
    const finished = orders.finish()
    await rm(path, { force: true })
    await end(server, finished)
  }
  return { ...control, stop }
}

class Orders {
  readonly token: string
  readonly #obey: OrderServerParts['obey']
  readonly #underWay = new Set<Promise<void>>()
  #over = false

  constructor(token: string, obey: OrderServerParts['obey']) {
    this.token = token
    this.#obey = obey
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const input = shows(request, this.token) ? await inputOf(request) : no(refusal('not-authenticated'))
      if (!input.ok) send(response, input)
      else if (this.#over) response.destroy()
      else await this.#begin(request, input.value, response)
    } catch (failure) {
      process.stderr.write(`${String(failure)}\n`)
      response.destroy()
    }
  }

  /** From now on no order is begun. Resolves when all that were are answered. */
  async finish(): Promise<void> {
    this.#over = true
    await Promise.allSettled(this.#underWay)
  }

  #begin({ method, url }: IncomingMessage, input: object, response: ServerResponse): Promise<void> {
    const order = `${method} ${urlOf(url).pathname}`
    const work = this.#do(order, input, response).finally(() => this.#underWay.delete(work))
    this.#underWay.add(work)
    return work
  }

  async #do(order: string, input: object, response: ServerResponse): Promise<void> {
    send(response, await this.#obey(order, input))
  }
}

const shows = ({ headers }: IncomingMessage, token: string): boolean =>
  equal(utf8(headers.authorization ?? ''), utf8(`Bearer ${token}`))

const urlOf = (url: string | undefined): URL => new URL(url ?? '/', 'http://localhost')

/** The fields of the query, and those of the body. @refuses too-large · input-wrong */
async function inputOf(request: IncomingMessage): Promise<Result<object, Refusal>> {
  const body = await bodyOf(request)
  return body.ok ? ok({ ...Object.fromEntries(urlOf(request.url).searchParams), ...body.value }) : body
}

async function bodyOf(request: IncomingMessage): Promise<Result<object, Refusal>> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk)
    if (text.length > BODY_BYTES_MAX) return no(refusal('too-large'))
  }
  const value = text === '' ? {} : parseJson(text)
  return typeof value === 'object' && value !== null ? ok(value) : no(refusal('input-wrong', { field: 'body' }))
}

function send(response: ServerResponse, answer: Result<unknown, Refusal>): void {
  const status = answer.ok ? 200 : WIRE[answer.refusal.code].http
  const body = answer.ok ? (answer.value ?? {}) : refusalText(answer.refusal)
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body, plain))
}

async function listen(server: Server, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject).listen(port, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  assert(address !== null && typeof address === 'object', 'a TCP server has a port')
  return address.port
}

/** Whole or not at all: whoever finds the file may use what it says. */
async function tellOwner(path: string, control: Control): Promise<void> {
  await rm(`${path}.new`, { force: true }) // one that was left over may be open to all
  await writeFile(`${path}.new`, JSON.stringify(control), { mode: 0o600 })
  await rename(`${path}.new`, path)
}

/** A contact or a tap that has begun is let finish: no chip is left in doubt because somebody closes the program. */
async function end(server: Server, finished: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  await finished
  server.closeAllConnections()
  await promise
}
