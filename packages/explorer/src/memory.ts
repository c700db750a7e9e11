/** Remembers what pure work on two numbers came to. */

/** @param memory  false: the work is done anew each time */
export function keeping<R>(memory: boolean, work: (a: number, b: number) => R): (a: number, b: number) => R {
  if (!memory) return work
  const known = new Map<number, R>()
  return (a, b) => {
    const key = b * 2 ** 26 + a
    const before = known.get(key)
    if (before !== undefined) return before
    const result = work(a, b)
    known.set(key, result)
    return result
  }
}
