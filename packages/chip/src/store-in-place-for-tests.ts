/** For tests of tests: pages with one copy, written over where they stand. What the runs with power cuts must catch. */
import type { Bytes } from '@kozeni/base/bytes'
import { areaBytes, type OpenRecordStore, openRecordStore } from './record-store.ts'
import { ERASED } from './silicon.ts'

const MARK = 0xaa // no marker that a slot can have this early in its life

/** What two-slot pages hold is read once, and kept in place from then on. */
export const inPlace: OpenRecordStore = (silicon, area) => {
  const pageAt = (page: number): number => area.at + page * 2 * (area.pageBytes + 7)
  const real = openRecordStore(silicon, area)
  const read = (page: number): Bytes | undefined => {
    const [first, high = 0, low = 0] = silicon.read(pageAt(page), 3)
    return first === MARK ? silicon.read(pageAt(page) + 3, (high << 8) | low) : real.read(page)
  }
  return {
    read,
    peek: read,
    write: (page, payload) =>
      silicon.write(pageAt(page), Uint8Array.of(MARK, payload.length >> 8, payload.length & 0xff, ...payload)),
    erase: () => silicon.write(area.at, new Uint8Array(areaBytes(area)).fill(ERASED)),
  }
}
