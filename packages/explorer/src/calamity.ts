/** What goes wrong beyond the network and power: a chip is lost, the center is restored from a backup (F-11, F-12). */
import { type Cast, NO_BACKUP, PRESENT, RESTORED } from './cast.ts'
import { EPOCH } from './issuer.ts'

const LOST = 1
const NEXT_EPOCH = EPOCH + 1

/** Sets it up, as far as the plot has it. */
export function calamity(cast: Cast): void {
  if (cast.plot.chipLoss)
    cast.stage.may({
      parts: [cast.lossAt],
      perform: lost => (lost === PRESENT ? [{ next: [LOST], sends: [], fair: false, says: 'The chip is lost' }] : []),
    })
  if (cast.plot.restores > 0) restore(cast)
}

/** A backup is made at any moment. Whether the mark outside the book shows its age depends on when the last beat was. */
function restore(cast: Cast): void {
  const parts = [cast.centerAt, cast.backupAt]
  cast.stage.may({
    parts,
    perform: (book, backup) =>
      backup === NO_BACKUP
        ? [{ next: [book, book + 1], sends: [], fair: false, says: 'A backup of the center is made' }]
        : [],
  })
  cast.stage.may({
    parts,
    perform: (_, backup) => {
      if (backup <= NO_BACKUP) return []
      const says = 'The center is restored from its backup'
      const outcome = { sends: [], fair: false }
      const noticed = cast.newEpoch(backup - 1, NEXT_EPOCH)
      return [
        { ...outcome, next: [backup - 1, RESTORED], says: `${says}, and nobody notices` },
        { ...outcome, next: [noticed, RESTORED], says: `${says}, and begins a new epoch` },
      ]
    },
  })
}
