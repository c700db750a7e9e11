/** One way to make the purse program wrong: a line's text, and what stands there instead. */

/** Rule that breaks, what goes wrong, the text in the source, the text instead. */
export type Mutation = readonly [rule: string, wrong: string, text: string, instead: string]

/** Mutations by the assembly file that they change. */
export type Mutations = Readonly<Record<string, readonly Mutation[]>>
