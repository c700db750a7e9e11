/**
 * Which process is which. A number alone does not tell: after a restart, and in containers always, it belongs to
 * somebody else. A process is named by its number and its birth, `1234-5678`.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

const hasProc = existsSync('/proc/self/stat')

/** The name of the living process `pid`; undefined when it is gone, or dead and not yet buried. */
export function processName(pid: number): string | undefined {
  const birth = hasProc ? birthInProc(pid) : ask(pid, 'lstart').replace(/\W+/g, '_')
  return birth === undefined || birth === '' ? undefined : `${pid}-${birth}`
}

/** Linux: the state and the start time are fields 3 and 22; the second field, in brackets, may hold anything. */
function birthInProc(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}

/** The words that started the living process `pid`; empty when it is gone. */
export const commandLine = (pid: number): string =>
  hasProc ? read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim() : ask(pid, 'command')

/** Whether the process so named lives. */
export const isAlive = (name: string): boolean => processName(Number.parseInt(name, 10)) === name

/** This process. */
export const me: string = processName(process.pid) ?? `${process.pid}-0`

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function ask(pid: number, column: string): string {
  try {
    return execFileSync('ps', ['-ww', '-o', `${column}=`, '-p', `${pid}`], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}
