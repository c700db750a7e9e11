/** How the day's processes are asked: orders to phones and tills, requests to the shop, the provider and the center. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Control } from '@kozeni/api/order-server'
import { type Child, startChild } from '@kozeni/cli/child'
import { type Said, speak } from '@kozeni/cli/speak'

/** A process that takes orders with the token in its folder. */
export class Ordered {
  readonly child: Child
  readonly #control: Control

  constructor(child: Child, control: Control) {
    this.child = child
    this.#control = control
  }

  /** @throws when the process does not answer at all: then the day is over */
  async ask(order: string, input: Readonly<Record<string, unknown>> = {}): Promise<Said> {
    const said = await speak(this.#control, { order, input })
    if (said === undefined) throw new Error(`${this.child.name} does not answer`)
    return said
  }

  /** Asks as a person does: again, while the center cannot be reached, for a bounded time. */
  async insist(order: string, input: Readonly<Record<string, unknown>> = {}): Promise<Said> {
    for (let tries = 1; ; tries++) {
      const said = await this.ask(order, input)
      if (said.ok || tries === TRIES || !PASSING.includes(said.refusal.code)) return said
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
    }
  }
}

/** What passes by itself when a center comes back. */
const PASSING = ['center-unreachable', 'funding-unknown', 'busy']
const TRIES = 10
const PAUSE_MS = 1_000

/** Starts a process of the project by its file. @throws with its last words when it does not start */
export async function start(
  name: string,
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Child> {
  const child = await startChild({ name, command: [process.execPath, file, ...args], env })
  if (!child.ok) throw new Error(`${name} did not start: ${child.refusal}`)
  return child.value
}

/** The token that a process has left in its folder. */
export async function controlIn(folder: string): Promise<Control> {
  return JSON.parse(await readFile(join(folder, 'control.json'), 'utf8')) as Control
}

export interface Told {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** One JSON request to a process on this machine. */
export async function tell(port: number, order: string, body?: unknown): Promise<Told> {
  const [method = 'GET', path = '/'] = order.split(' ')
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const said: unknown = await response.json()
  return { status: response.status, body: typeof said === 'object' && said !== null ? { ...said } : {} }
}

/** Asks again and again until it holds, for a bounded time; how often depends on what is awaited, never on luck. */
export async function until(holds: () => Promise<boolean>, withinMs = 20_000): Promise<boolean> {
  const end = Date.now() + withinMs
  for (;;) {
    if (await holds()) return true
    if (Date.now() > end) return false
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}
