/**
 * An answer that is either a value or a named refusal. Refusals are the world's "no" and are handled;
 * bugs are thrown (assert.ts) and are not.
 */

export type Ok<T> = { readonly ok: true; readonly value: T }
export type No<R> = { readonly ok: false; readonly refusal: R }
export type Result<T, R> = Ok<T> | No<R>

/** The answer is `value`. */
export const ok = <T>(value: T): Ok<T> => ({ ok: true, value })

/** The answer is no, for this reason; nothing has changed. */
export const no = <R>(refusal: R): No<R> => ({ ok: false, refusal })
