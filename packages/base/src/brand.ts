/** A type that only its own gate can make: `Brand<bigint, 'Money'>` is a bigint that money() has checked. */

declare const brand: unique symbol

export type Brand<T, Name extends string> = T & { readonly [brand]: Name }
