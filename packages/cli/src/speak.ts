/**
 * How commands speak to a phone or a terminal: to the process that runs in its folder, if one does; else to one that is
 * started for this one order and stopped again.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Control } from '@kozeni/api/order-server'
import { no, ok, type Result } from '@kozeni/base/result'

export interface Spoken {
  /** Method and path. */
  readonly order: string
  readonly input?: Readonly<Record<string, unknown>>
}

/** What came back: an object as the process says it, or a refusal with its title. */
export type Said = Result<Readonly<Record<string, unknown>>, SaidRefusal>

export interface SaidRefusal {
  readonly code: string
  readonly title: string
  readonly facts: Readonly<Record<string, unknown>>
}

/** Speaks one order. @returns undefined when nobody listens there */
export async function speak({ port, token }: Control, { order, input }: Spoken): Promise<Said | undefined> {
  const [method = 'GET', path = '/'] = order.split(' ')
  const query = method === 'GET' && input ? `?${new URLSearchParams(textOf(input))}` : ''
  const body = method === 'POST' ? { body: JSON.stringify(input ?? {}) } : {}
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}${query}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...body,
    })
    const said: unknown = await response.json()
    return response.ok ? ok(recordOf(said)) : no(refusalOf(said))
  } catch {
    return undefined
  }
}

/** The process that runs in this folder, if its control.json is not a dead one's. */
export async function runningIn(folder: string): Promise<Control | undefined> {
  const control = await controlOf(folder)
  const answer = control && (await speak(control, { order: 'GET /' }))
  // any answer to the right token, even "no such order", is a living process
  return answer === undefined || (!answer.ok && answer.refusal.code === 'not-authenticated') ? undefined : control
}

async function controlOf(folder: string): Promise<Control | undefined> {
  try {
    const { port, token } = recordOf(JSON.parse(await readFile(join(folder, 'control.json'), 'utf8')))
    return typeof port === 'number' && typeof token === 'string' ? { port, token } : undefined
  } catch {
    return undefined
  }
}

const textOf = (input: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(Object.entries(input).map(([name, value]) => [name, String(value)]))

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {}

const textOr = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise)

function refusalOf(said: unknown): SaidRefusal {
  const { code, title, facts } = recordOf(said)
  return { code: textOr(code, 'unknown'), title: textOr(title, 'It was refused.'), facts: recordOf(facts) }
}
