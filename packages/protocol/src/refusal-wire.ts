/**
 * How a refusal leaves the building.
 *
 * `retry`: `same` repeat as it is, later · `changed` mend the request first · `never` the answer is final.
 */

export interface Wire {
  /** ISO 7816-4, or 0 where no chip says it. */
  readonly statusWord: number
  readonly http: number
  readonly retry: 'same' | 'changed' | 'never'
  /** One plain sentence: what is so. */
  readonly title: string
  /** One plain sentence: what to do next. */
  readonly remedy: string
}

/** One row of the table: what is so, and what to do next, in one plain sentence each. */
export const wire = <R extends Wire['retry']>(
  statusWord: number,
  http: number,
  retry: R,
  title: string,
  remedy: string,
) => ({ statusWord, http, retry, title, remedy })
