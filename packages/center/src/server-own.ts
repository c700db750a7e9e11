/** Whose a purse is: what is not the caller's is not found, as if it were not there. */
import type { AccountId, PurseId } from '@kozeni/base/ids'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import type { Book, PurseRow } from './book.ts'

/** @refuses not-found */
export async function ownPurse(
  { book }: { readonly book: Book },
  account: AccountId,
  name: PurseId,
): Promise<Result<PurseRow, Refusal>> {
  const { purse } = await book.look({ purse: name })
  return purse?.account === account ? ok(purse) : no(refusal('not-found'))
}
