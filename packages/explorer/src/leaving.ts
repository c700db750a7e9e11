/**
 * What ends a purse: its holder leaves it for another (P-3), or its chip is lost for ever, and the book alone decides (F-11).
 * Days pass before a lost purse is paid out; in them every till uploads, or is lost itself.
 */
import type { Result } from '@kozeni/base/result'
import { type Command, type PurseRow, unchanged } from '@kozeni/center/book'
import { payableAt, reportLost, settleLost } from '@kozeni/center/lost'
import { arrive, leave } from '@kozeni/center/move'
import type { Refusal } from '@kozeni/protocol/refusal'
import { type Cast, PRESENT } from './cast.ts'
import { means, policy, purseId, START_MS } from './issuer.ts'

const [OWN, OTHER] = [purseId(1), purseId(2)]

/** The holder leaves the first purse for the second; what sweeps have taken is brought there. */
export function leaving(cast: Cast): void {
  const other = (book: number): PurseRow | undefined => cast.centers.tables(book).purse.get(OTHER)
  centerMay(cast, 'The holder leaves the first purse for the second', false, book => leave(OWN, other(book)))
  centerMay(cast, 'What was swept becomes owed to the second purse', true, book => {
    const swept = [...cast.centers.tables(book).move.values()].find(({ stage }) => stage === 'in-transit')
    return swept && arrive(swept.move, OTHER)
  })
}

function centerMay(
  cast: Cast,
  says: string,
  fair: boolean,
  command: (book: number) => Command<Result<unknown, Refusal>> | undefined,
): void {
  cast.stage.may({
    parts: [cast.centerAt],
    perform: book => {
      const wanted = command(book)
      const after = wanted === undefined ? book : cast.centers.run(book, START_MS, wanted).book
      return after === book ? [] : [{ next: [after], sends: [], fair, says }]
    },
  })
}

/**
 * The chip is reported lost, and paid out when its time has come.
 *
 * @param tills     places of the tills in a state
 * @param isCleared whether a till with this number has shown this book all that it ever will
 */
export function losing(
  cast: Cast,
  tills: readonly number[],
  isCleared: (number: number, book: number) => boolean,
): void {
  const [till = cast.lossAt] = tills
  cast.stage.may({
    parts: [cast.centerAt, cast.lossAt],
    perform: (book, lost) => {
      if (lost === PRESENT) return []
      const { book: after } = cast.centers.run(book, START_MS, reportLost(policy, OWN, true))
      return after === book
        ? []
        : [{ next: [after, lost], sends: [], fair: true, says: 'The issuer notes that the purse is lost' }]
    },
  })
  cast.stage.may({
    parts: [cast.centerAt, till],
    perform: (book, number) => {
      const row = cast.centers.tables(book).purse.get(OWN)
      if (row?.stage !== 'lost' || !(till === cast.lossAt || isCleared(number, book))) return []
      const after = settled(cast, book)
      return after === book
        ? []
        : [{ next: [after, number], sends: [], fair: true, says: 'Days later, a step of the lost purse’s settlement' }]
    },
  })
}

function settled(cast: Cast, book: number): number {
  const next: Command<Parameters<typeof settleLost>[2]> = {
    keys: { purse: OWN },
    decide: ({ waiting }) => unchanged(waiting?.order),
  }
  const { answer: order } = cast.centers.run(book, START_MS, next)
  return cast.centers.run(book, payableAt(policy, START_MS), settleLost(means, OWN, order, true)).book
}
