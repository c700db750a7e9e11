/**
 * What is said on a connection to PostgreSQL, as far as a gate has to understand it: the statement that the client runs,
 * and what the server says was done. Version 3 of the protocol, without TLS.
 */
import type { Listener, Side } from './gate.ts'

/** `runs`: the client wants this statement run. `done`: the server says which kind of statement it has completed. */
export interface Spoken {
  readonly says: 'runs' | 'done'
  /** The SQL of what is run, or the server's tag, such as COMMIT. */
  readonly text: string
}

/** A listener for one connection. */
export function postgresListener(): Listener<Spoken> {
  const pending: Record<Side, Buffer> = { caller: Buffer.alloc(0), called: Buffer.alloc(0) }
  const prepared = new Map<string, string>()
  let started = false
  return (side, bytes) => {
    pending[side] = Buffer.concat([pending[side], bytes])
    const spoken: Spoken[] = []
    for (;;) {
      // the client's first message has no type
      const typed = side === 'called' || started
      const length = lengthOf(pending[side], typed)
      if (length === undefined) return spoken
      const message = pending[side].subarray(0, length)
      pending[side] = pending[side].subarray(length)
      if (!typed) started = true
      else spoken.push(...(side === 'caller' ? asked(message, prepared) : told(message)))
    }
  }
}

/** The bytes of the first message, with its type and length; undefined while it is not whole. */
function lengthOf(bytes: Buffer, typed: boolean): number | undefined {
  const before = typed ? 1 : 0
  if (bytes.length < before + 4) return undefined
  const length = before + bytes.readInt32BE(before)
  return bytes.length < length ? undefined : length
}

function asked(message: Buffer, prepared: Map<string, string>): readonly Spoken[] {
  const type = String.fromCharCode(message[0] ?? 0)
  const [first, second] = texts(message.subarray(5))
  if (type === 'Q') return [{ says: 'runs', text: first }]
  if (type === 'P') prepared.set(first, second)
  return type === 'B' ? [{ says: 'runs', text: prepared.get(second) ?? '' }] : []
}

const told = (message: Buffer): readonly Spoken[] =>
  message[0] === COMMAND_COMPLETE ? [{ says: 'done', text: texts(message.subarray(5))[0] }] : []

const COMMAND_COMPLETE = 'C'.charCodeAt(0)

/** The first two texts of a message's body, each ended by a zero. */
function texts(body: Buffer): readonly [string, string] {
  const end = body.indexOf(0)
  const next = body.indexOf(0, end + 1)
  return [body.subarray(0, Math.max(end, 0)).toString(), body.subarray(end + 1, Math.max(next, end + 1)).toString()]
}
