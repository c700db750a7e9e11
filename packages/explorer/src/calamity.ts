/** What goes wrong beyond the network and power: a chip is lost, the center is restored from a backup (F-11, F-12). */
import { type Cast, NO_BACKUP, PRESENT } from './cast.ts'
import { EPOCH } from './issuer.ts'

const LOST = 1

/** What stands in the backup's place once the center has started with this restored book. */
const restoredFrom = (book: number): number => -1 - book
const NEXT_EPOCH = EPOCH + 1

/** Sets it up, as far as the plot has it. */
export function calamity(cast: Cast): void {
  if (cast.plot.chipLoss)
    cast.stage.may({
      parts: [cast.lossAt],
      perform: lost => (lost === PRESENT ? [{ next: [LOST], sends: [], fair: false, says: 'The chip is lost' }] : []),
    })
  if (cast.plot.restores > 0) restore(cast)
  if (cast.plot.ages) ageing(cast)
}

/** The restored book that the center has started with; undefined when it never was. */
export const restoredBook = (backup: number): number | undefined => (backup < NO_BACKUP ? -1 - backup : undefined)

/** A backup is made at any moment. The mark outside the book shows that it is behind. */
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
      const after = cast.design.restored(backup - 1, book => cast.newEpoch(book, NEXT_EPOCH))
      return [{ next: [after, restoredFrom(after)], sends: [], fair: false, says }]
    },
  })
}

/** Backups are not kept for longer than tills keep what is settled (F-12). */
function ageing(cast: Cast): void {
  cast.stage.may({
    parts: [cast.ageAt, cast.backupAt],
    perform: (age, backup) => {
      const kept = backup > NO_BACKUP ? NO_BACKUP : backup
      const says = 'The time passes for which tills keep what is settled, and backups from before it are gone'
      return age > 0 ? [] : [{ next: [age + 1, kept], sends: [], fair: false, says }]
    },
  })
}
