/**
 * A running phone: its holder's orders over HTTP on this machine alone, and its chip offered to terminals. Composed of
 * parts that are handed in; what carries the field (a socket, a radio) is the composer's.
 *
 * Orders move money, and any web page can send requests to this machine: each needs the token that stands in the
 * folder, which only the folder's owner can read.
 */
import { rename, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { assert } from '@kozeni/base/assert'
import { base64url, equal, utf8 } from '@kozeni/base/bytes'
import type { Clock } from '@kozeni/base/clock'
import type { Dice } from '@kozeni/base/dice'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Crypto } from '@kozeni/protocol/crypto'
import type { Reader } from '@kozeni/protocol/reader'
import { type Refusal, refusal, WIRE } from '@kozeni/protocol/refusal'
import type { Dial } from './center.ts'
import { Device } from './device.ts'
import { openDeviceFile } from './device-file.ts'
import { ExclusiveReader, type Patience } from './exclusive-reader.ts'
import type { Report } from './parts.ts'
import { Phone } from './phone.ts'
import { obey, plain } from './phone-order.ts'

export interface PhoneServerParts {
  /** Where the device remembers, and where control.json stands while it runs. */
  readonly folder: string
  /** 0 for any that is free. */
  readonly port: number
  readonly center: Dial
  /** The chip, by wire. From now on nobody else may use it. */
  readonly reader: Reader
  /** The same chip by radio, as terminals reach it (C-11); without it, they too come by wire. */
  readonly radio?: Reader
  readonly crypto: Crypto
  readonly clock: Clock
  readonly dice: Dice
  readonly patience?: Patience
  /** Sees what each round of a contact says. */
  readonly progress?: (report: Report) => void
}

export interface RunningPhone {
  readonly phone: Phone
  /** Where it takes orders, on the loopback only. */
  readonly port: number
  /** What every order must show. */
  readonly token: string
  /** A lane to the chip for one terminal, never in the middle of anybody else's contact. */
  field(): Reader
  stop(): Promise<void>
}

const BODY_BYTES_MAX = 16_384

/** Starts the phone. @throws when the folder's memory is damaged, or a port is taken */
export async function runPhone(parts: PhoneServerParts): Promise<RunningPhone> {
  const { crypto, clock, dice, reader, center, progress = () => {} } = parts
  const device = await Device.open(await openDeviceFile(parts.folder), () => crypto.generate(dice))
  const chip = new ExclusiveReader(clock, parts.patience)
  const phone = new Phone({ device, dial: center, chip: () => chip.lane(reader), crypto, clock, dice, progress })
  const { port, token, stop } = await takeOrders(phone, parts)
  return { phone, port, token, field: () => chip.lane(parts.radio ?? reader), stop }
}

async function takeOrders(phone: Phone, { folder, port, dice }: PhoneServerParts) {
  const token = base64url(dice.bytes(24))
  const server = createServer((request, response) => void serve(phone, token, request, response))
  const control = { port: await listen(server, port), token }
  const path = join(folder, 'control.json')
  await tellOwner(path, control)
  const stop = async () => {
    await rm(path, { force: true })
    await close(server)
  }
  return { ...control, stop }
}

async function serve(phone: Phone, token: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    send(response, await answerTo(phone, token, request))
  } catch (failure) {
    process.stderr.write(`${String(failure)}\n`)
    response.destroy()
  }
}

async function answerTo(phone: Phone, token: string, request: IncomingMessage): Promise<Result<unknown, Refusal>> {
  if (!shows(request, token)) return no(refusal('not-authenticated'))
  const body = await bodyOf(request)
  if (!body.ok) return body
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  return await obey(phone, `${request.method} ${pathname}`, { ...Object.fromEntries(searchParams), ...body.value })
}

const shows = ({ headers }: IncomingMessage, token: string): boolean =>
  equal(utf8(headers.authorization ?? ''), utf8(`Bearer ${token}`))

async function bodyOf(request: IncomingMessage): Promise<Result<object, Refusal>> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk)
    if (text.length > BODY_BYTES_MAX) return no(refusal('too-large'))
  }
  return text === '' ? ok({}) : readObject(text)
}

function readObject(text: string): Result<object, Refusal> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return ok(value)
  } catch {
    // refused below, like JSON that is no object
  }
  return no(refusal('input-wrong', { field: 'body' }))
}

function send(response: ServerResponse, answer: Result<unknown, Refusal>): void {
  const status = answer.ok ? 200 : WIRE[answer.refusal.code].http
  const body = answer.ok ? answer.value : { ...answer.refusal, title: WIRE[answer.refusal.code].title }
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

/** So that another program of the same user finds the phone. */
async function tellOwner(path: string, control: { readonly port: number; readonly token: string }): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(control), { mode: 0o600 })
  await rename(`${path}.new`, path)
}

async function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  server.closeAllConnections()
  await promise
}
