/** Checks for what cannot be false unless this code has a bug. Never for input from outside: that is refused. */

export class Bug extends Error {
  override readonly name = 'Bug'
}

/**
 * Throws a Bug unless `condition` holds.
 *
 * @param message  what should have held, with the numbers that break it; never a secret
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Bug(message)
}

/** For the end of an exhaustive switch: does not compile while a case is missing. */
export function never(value: never): never {
  throw new Bug(`no case for ${JSON.stringify(value)}`)
}
