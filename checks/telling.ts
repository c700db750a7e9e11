/** How checks and tests speak: plain lines, the last of them `N passed, N failed`, which people and machines read. */

export const print = (line: string): void => void process.stdout.write(`${line}\n`)

/** Time since `start` (of performance.now()), as in "1.9 s". */
export const seconds = (start: number): string => `${((performance.now() - start) / 1000).toFixed(1)} s`

/** Prints the last line. Returns the exit code: 1 when anything failed. */
export function verdict(passed: number, failed: number): 0 | 1 {
  print(`${passed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}
