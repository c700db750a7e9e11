/** The provider of the holder's money: asked as often as can be, its answers heard or lost; after a restore asked again (F-12). */
import type { LoadRow } from '@kozeni/center/book'
import { recordCaptured, recordDeclined, recordGivenBack } from '@kozeni/center/load'
import { isChecked, recordChecked } from '@kozeni/center/load-check'
import type { Cast } from './cast.ts'
import { EPOCH, loadId, purseId, START_MS } from './issuer.ts'
import type { Outcome } from './move.ts'

/** Everything that the provider may do about load `i`. */
export function provide(cast: Cast, i: number, amount: bigint): void {
  const name = loadId(i + 1)
  cast.stage.may({
    parts: [cast.centerAt, cast.providerAt],
    perform: (book, provider) => {
      const { load, epoch } = cast.centers.tables(book)
      const row = load.get(name)
      const present = [...epoch.values()].reduce((a, b) => (a.epoch > b.epoch ? a : b), FIRST)
      if (row === undefined) return []
      const again = isChecked(row, present) ? [] : asked(cast, book, provider, i, row)
      return again.length > 0 ? again : moved(cast, book, provider, i, { row, amount })
    },
  })
}

const FIRST = { epoch: EPOCH, beat: 0, since: 0 }

/** What a restored book says of its money is not believed: it may have gone back since. */
function asked(cast: Cast, book: number, provider: number, i: number, { stage }: LoadRow): readonly Outcome[] {
  const [name, purse] = [loadId(i + 1), purseId(1)]
  const isBack = (cast.providers.value(provider).back[i] ?? 0) > 0
  const says = 'The provider is asked again about the load'
  if (stage === 'captured') {
    const command = recordChecked(name, purse, isBack ? 'given-back' : 'captured')
    return told(book, cast.centers.run(book, START_MS, command).book, provider, provider, says)
  }
  if (stage !== 'requested' || !isBack) return []
  return told(book, cast.centers.run(book, START_MS, recordDeclined(name, purse)).book, provider, provider, says)
}

function moved(
  cast: Cast,
  book: number,
  provider: number,
  i: number,
  { row, amount }: { readonly row: LoadRow; readonly amount: bigint },
): readonly Outcome[] {
  const [name, purse] = [loadId(i + 1), purseId(1)]
  const before = cast.providers.value(provider)
  if (row.stage === 'requested' && (before.back[i] ?? 0) > 0) {
    const { book: after } = cast.centers.run(book, START_MS, recordDeclined(name, purse))
    return told(book, after, provider, provider, 'The provider says that the load’s money went back already')
  }
  if (row.stage === 'requested') {
    const taken = cast.provided({ ...before, taken: before.taken.with(i, true) })
    const { book: after } = cast.centers.run(book, START_MS, recordCaptured(name, purse, `capture ${i}`))
    return told(book, after, provider, taken, `The provider takes ${amount} from the holder`)
  }
  if (row.stage !== 'giving-back') return []
  const back = cast.provided({ ...before, back: before.back.with(i, cast.design.giveBack(before.back[i] ?? 0)) })
  const { book: after } = cast.centers.run(book, START_MS, recordGivenBack(name, purse))
  return told(book, after, provider, back, `The provider gives ${amount} back to the holder`)
}

/** The provider does it, and its word arrives or is lost. */
const told = (book: number, after: number, provider: number, done: number, says: string): readonly Outcome[] => [
  { next: [after, done], sends: [], fair: true, says },
  ...(provider === done ? [] : [{ next: [book, done], sends: [], fair: false, says: `${says}; its answer is lost` }]),
]
