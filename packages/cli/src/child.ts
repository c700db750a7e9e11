/**
 * A child process of this command: started, awaited until it says where it listens, stopped for good. A child holds the
 * other end of a pipe and ends when that closes, so that none outlives a parent that was killed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { no, ok, type Result } from '@kozeni/base/result'

export interface Child {
  readonly name: string
  readonly pid: number
  readonly port: number
  /** All that it said of itself, in objects of one line, until it was ready. */
  readonly facts: Readonly<Record<string, unknown>>
  /** Ends it politely and waits; by force after a while. */
  stop(): Promise<void>
  /** Ends it as a power cut would. */
  kill(): Promise<void>
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>
}

export interface Start {
  readonly name: string
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const PATIENCE_MS = 30_000
const GRACE_MS = 5_000

/**
 * Starts a process that prints `{"listening":port}` on a line of its standard output when it is ready; lines of JSON
 * before it may say more.
 *
 * @returns the child, or what it last said when it ended before it was ready
 */
export async function startChild({
  name,
  command: [program = '', ...rest],
  env,
}: Start): Promise<Result<Child, string>> {
  const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  const ended = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const said = lastWords(child)
  const facts = await listening(child, ended)
  const port = facts?.['listening']
  if (facts === undefined || typeof port !== 'number') {
    child.kill('SIGKILL')
    return no(said() || `${name} ended without a word.`)
  }
  return ok({
    name,
    pid: child.pid ?? 0,
    port,
    facts,
    ended,
    stop: () => stop(child, ended),
    kill: () => kill(child, ended),
  })
}

type Facts = Record<string, unknown>

function listening(child: ChildProcess, ended: Promise<void>): Promise<Facts | undefined> {
  const facts: Facts = {}
  return new Promise(resolve => {
    const late = setTimeout(() => resolve(undefined), PATIENCE_MS)
    const finish = (said: Facts | undefined): void => {
      clearTimeout(late)
      resolve(said)
    }
    void ended.then(() => finish(undefined))
    if (child.stdout === null) return
    createInterface({ input: child.stdout }).on('line', line => {
      Object.assign(facts, factsIn(line))
      if ('listening' in facts) finish(facts)
    })
  })
}

function factsIn(line: string): object {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

/** The last few lines of standard error. */
function lastWords(child: ChildProcess): () => string {
  let words = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-2000)
  })
  return () => words.trim()
}

async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  await ended
  clearTimeout(force)
}

async function kill(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGKILL')
  await ended
}
