/** Which purses one of several readers has: all names are equally likely, so that equal ranges hold equally many. */

/** Those whose number is above `above` and not above `upTo`, where there is a bound. */
export interface PurseRange {
  readonly above?: bigint
  readonly upTo?: bigint
}

export const ALL_PURSES: PurseRange = {}

const NAMES = 2n ** 63n

/** All purses, in `count` ranges. */
export const rangesOf = (count: number): PurseRange[] =>
  Array.from({ length: count }, (_, i) => ({
    ...(i > 0 && { above: (NAMES * BigInt(i)) / BigInt(count) }),
    ...(i < count - 1 && { upTo: (NAMES * BigInt(i + 1)) / BigInt(count) }),
  }))

/** The condition in SQL. @param spelled  how a number stands where it is compared */
export function within(
  { above, upTo }: PurseRange,
  column: string,
  spelled: (number: string) => string = number => number,
): string {
  const lower = above === undefined ? 'true' : `${column} > ${spelled(`${above}::bigint`)}`
  const upper = upTo === undefined ? 'true' : `${column} <= ${spelled(`${upTo}::bigint`)}`
  return `${lower} and ${upper}`
}
