/** What the command prints: plain sentences, colours only where a terminal shows them. */
import pc from 'picocolors'

/** The same words in the colour that fits: well, badly, in passing, with weight. */
export const good = (text: string): string => pc.green(text)
export const bad = (text: string): string => pc.red(text)
export const quiet = (text: string): string => pc.dim(text)
export const strong = (text: string): string => pc.bold(text)

/** A line to standard output. */
export function say(line = ''): void {
  process.stdout.write(`${line}\n`)
}

/** A line to standard error: what went wrong, and what to do next. */
export function complain(line: string): void {
  process.stderr.write(`${bad('✗')} ${line}\n`)
}

/** Ends the command with a complaint; nothing was done, or what was done is said. */
export function giveUp(line: string): never {
  complain(line)
  process.exit(1)
}
