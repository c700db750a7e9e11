/** Pages of lists: how many, and after which. */
import type { PageQuery } from './server-lists.ts'

const PAGE = 100

/** A page as the contract's query spells it; the contract has checked both. */
export const pageOf = (query: {
  readonly limit?: string | undefined
  readonly after?: string | undefined
}): PageQuery => ({
  limit: query.limit === undefined ? PAGE : Number(query.limit),
  after: query.after,
})
