/**
 * Sales that were not given (D-5), by the clerk's word or because the chip refused and a relay may have it debit later: the till
 * looks for the debit on the chip, shows it to the center, and tells it that nothing was given; only then is the holder owed it.
 */
import { bigEndian } from '@kozeni/base/bytes'
import { noteNotGiven } from '@kozeni/center/return'
import { INS, purseCommand } from '@kozeni/protocol/purse'
import type { Sale } from '@kozeni/terminal/till'
import { named, PRESENT, STORE } from './cast.ts'
import { NOW, type PlacedTill } from './desks.ts'
import { crypto, START_MS, terminalId } from './issuer.ts'
import type { Outcome } from './move.ts'

/** The look into the chip's ring, and the center's hearing of it and of the till's word. */
export function withheld(till: PlacedTill, index: number): void {
  const { cast, place } = till
  for (const chip of cast.chipAt.keys()) looking(till, chip)
  cast.stage.may({ parts: [place, cast.centerAt], perform: (number, book) => telling(till, index, number, book) })
}

/** The clerk's word. */
export function withholding({ cast, desks, place, name }: PlacedTill): void {
  cast.stage.may({
    parts: [place],
    perform: number => {
      const desk = desks.desk(number)
      const [sale] = desks.till(desk).unresolved
      if (desk.lost || desk.tap !== undefined || sale === undefined) return []
      const after = desks.number(desks.written(desk, { entry: 'not-given', at: NOW, sale }))
      return [
        {
          next: [after],
          sends: [],
          fair: false,
          says: `${name}'s clerk notes that sale ${sale} was not given and never will be`,
        },
      ]
    },
  })
}

/** The chip is read for a sale of which it is not known whether it was debited. */
function looking(till: PlacedTill, chip: number): void {
  const { cast, desks, place, name } = till
  cast.stage.may({
    parts: [place, cast.chipAt[chip] ?? 0, ...cast.loss],
    perform: (number, record, lost = PRESENT) => {
      const desk = desks.desk(number)
      const sale = desk.lost || lost !== PRESENT ? undefined : sought(till, number, record)
      if (sale === undefined) return []
      const asking = purseCommand(INS.readReceipt, bigEndian(sale.sale, 4))
      const { answer } = cast.chips.whole(record, [...desks.introduction(cast.chips, record), asking])
      if (answer.at(-2) !== 0x90) return []
      const found = desks.written(desk, { entry: 'found', at: NOW, sale: sale.sale, receipt: answer.slice(0, -2) })
      const says = `${name} finds on ${named(chip)} that it was debited for sale ${sale.sale}`
      return [{ next: [desks.number(found), record, ...cast.loss.map(() => PRESENT)], sends: [], fair: true, says }]
    },
  })
}

function sought({ cast, desks }: PlacedTill, number: number, record: number): Sale | undefined {
  const desk = desks.desk(number)
  return cast.design
    .withholds(desks.till(desk))
    .find(({ receipt, asked }) => receipt === undefined && asked?.request.purse === cast.chips.purse(record))
}

function telling({ cast, desks, name }: PlacedTill, index: number, number: number, book: number): readonly Outcome[] {
  const desk = desks.desk(number)
  const sale = desk.lost ? undefined : cast.design.withholds(desks.till(desk)).find(({ told }) => told?.final !== true)
  if (sale?.asked === undefined) return []
  const { purse, seq } = sale.asked.request
  const said = { purse, seq: seq + 1, store: STORE, terminal: terminalId(index + 1), sale: sale.sale }
  const { book: after, answer } = cast.centers.run(book, START_MS, noteNotGiven(crypto, said))
  const heard = desks.number(
    desks.written(desk, { entry: 'not-given-told', at: NOW, sale: sale.sale, final: answer.standing === 'nothing' }),
  )
  const says = `${name} tells the center that sale ${sale.sale} was not given: ${answer.standing}`
  return [
    { next: [heard, after], sends: [], fair: true, says },
    { next: [number, after], sends: [], fair: false, says: `${says}; its answer is lost` },
  ]
}
