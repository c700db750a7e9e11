/**
 * What is said on a connection to PostgreSQL, as far as a gate has to understand it: the statement that the client runs,
 * and what the server says was done. Version 3 of the protocol, without TLS.
 */
import type { Heard, Listener, Side } from './gate.ts'

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
    const earlier = pending[side].length
    const whole = Buffer.concat([pending[side], bytes])
    const heard: Heard<Spoken>[] = []
    let at = 0
    for (;;) {
      // the client's first message has no type
      const typed = side === 'called' || started
      const length = lengthOf(whole.subarray(at), typed)
      if (length === undefined) break
      const event = typed && spokenIn(side, whole.subarray(at, at + length), prepared)
      if (event) heard.push({ event, from: Math.max(0, at - earlier), to: at + length - earlier })
      if (!typed) started = true
      at += length
    }
    pending[side] = whole.subarray(at)
    return heard
  }
}

const spokenIn = (side: Side, message: Buffer, prepared: Map<string, string>): Spoken | undefined =>
  side === 'caller' ? asked(message, prepared) : told(message)

/** The bytes of the first message, with its type and length; undefined while it is not whole. */
function lengthOf(bytes: Buffer, typed: boolean): number | undefined {
  const before = typed ? 1 : 0
  if (bytes.length < before + 4) return undefined
  const length = before + bytes.readInt32BE(before)
  return bytes.length < length ? undefined : length
}

function asked(message: Buffer, prepared: Map<string, string>): Spoken | undefined {
  const type = String.fromCharCode(message[0] ?? 0)
  const [first, second] = texts(message.subarray(5))
  if (type === 'Q') return { says: 'runs', text: first }
  if (type === 'P') prepared.set(first, second)
  return type === 'B' ? { says: 'runs', text: prepared.get(second) ?? '' } : undefined
}

const told = (message: Buffer): Spoken | undefined =>
  message[0] === COMMAND_COMPLETE ? { says: 'done', text: texts(message.subarray(5))[0] } : undefined

const COMMAND_COMPLETE = 'C'.charCodeAt(0)

/** The first two texts of a message's body, each ended by a zero. */
function texts(body: Buffer): readonly [string, string] {
  const end = body.indexOf(0)
  const next = body.indexOf(0, end + 1)
  return [body.subarray(0, Math.max(end, 0)).toString(), body.subarray(end + 1, Math.max(next, end + 1)).toString()]
}
