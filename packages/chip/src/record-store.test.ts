import { type Bytes, hex } from '@kozeni/base/bytes'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Area,
  areaBytes,
  Defective,
  type OpenRecordStore,
  openRecordStore,
  writeDifference,
} from './record-store.ts'
import { ERASED, PowerLost, type Silicon } from './silicon.ts'
import { MemorySilicon, type Torn } from './silicon-memory.ts'

const AREA: Area = { at: 16, pages: 3, pageBytes: 24 }
const SIZE = AREA.at + areaBytes(AREA)
const TORN: readonly Torn[] = ['old', 'new', 'erased', 0x00, 0x5a, 0xfe]

const fresh = (): MemorySilicon => new MemorySilicon(SIZE)
const show = (page: Bytes | undefined): string => (page === undefined ? '-' : hex(page))

/** A store that forgets the flip: the one record, written over where it stands. Must be caught below. */
const inPlace: OpenRecordStore = (silicon, { at, pageBytes }) => {
  const read = (page: number): Bytes | undefined => {
    const [size = ERASED, ...rest] = silicon.read(at + page * pageBytes, pageBytes)
    return size === ERASED ? undefined : Uint8Array.from(rest.slice(0, size))
  }
  return {
    read,
    peek: read,
    write: (page, payload) => silicon.write(at + page * pageBytes, Uint8Array.of(payload.length, ...payload)),
    erase: () => {},
  }
}

/** Writes `records` one after the other to page 1. */
function history(open: OpenRecordStore, silicon: Silicon, records: readonly Bytes[]): void {
  for (const record of records) open(silicon, AREA).write(1, record)
}

/** Cuts power at every byte of writing the last record. @returns what showed that was neither old nor new */
function tears(open: OpenRecordStore, records: readonly Bytes[], next: Bytes): readonly string[] {
  const old = records.at(-1)
  const found: string[] = []
  for (let afterBytes = 0; ; afterBytes++) {
    for (const torn of TORN) {
      const silicon = fresh()
      history(open, silicon, records)
      silicon.planCut({ afterBytes, torn })
      if (!isCut(() => open(silicon, AREA).write(1, next))) return found
      silicon.powerOn()
      const seen = show(open(silicon, AREA).read(1))
      if (seen !== show(old) && seen !== show(next)) found.push(`${afterBytes} ${torn}: ${seen}`)
      open(silicon, AREA).write(1, Uint8Array.of(7, 7))
      if (show(open(silicon, AREA).read(1)) !== '0707') found.push(`${afterBytes} ${torn}: the next write is lost`)
    }
  }
}

function isCut(work: () => void): boolean {
  try {
    work()
    return false
  } catch (error) {
    if (error instanceof PowerLost) return true
    throw error
  }
}

const record = fc.uint8Array({ maxLength: AREA.pageBytes })
const records = fc.array(record, { maxLength: 5 })

test('power cut at any byte of a write leaves the old page or the new one, and the next write works', () => {
  fc.assert(
    fc.property(records, record, (before, next) => {
      expect(tears(openRecordStore, before, next)).toEqual([])
    }),
    { numRuns: 60 },
  )
})

test('the same run catches a store that writes in place', () => {
  expect(tears(inPlace, [Uint8Array.of(1, 2, 3)], Uint8Array.of(4, 5, 6))).not.toEqual([])
})

test('whatever a torn marker becomes, the old page or the new one stands: all 256 values of it', () => {
  for (let earlier = 0; earlier < 4; earlier++) {
    const before = Array.from({ length: earlier }, (_, i) => Uint8Array.of(i, i))
    const next = Uint8Array.of(99, 99)
    const silicon = fresh()
    history(openRecordStore, silicon, before)
    const { bytes } = silicon.wear
    openRecordStore(silicon, AREA).write(1, next)
    const marker = silicon.wear.bytes - bytes - 1
    for (let value = 0; value < 256; value++) {
      const torn = fresh()
      history(openRecordStore, torn, before)
      torn.planCut({ afterBytes: marker, torn: value })
      expect(isCut(() => openRecordStore(torn, AREA).write(1, next))).toBe(true)
      torn.powerOn()
      expect([show(before.at(-1)), show(next)]).toContain(show(openRecordStore(torn, AREA).read(1)))
      for (let again = 0; again < 3; again++) {
        openRecordStore(torn, AREA).write(1, Uint8Array.of(again))
        expect(openRecordStore(torn, AREA).read(1)).toEqual(Uint8Array.of(again))
      }
    }
  }
})

const write = fc.record({
  payload: record,
  cut: fc.option(fc.record({ afterBytes: fc.nat({ max: AREA.pageBytes + 8 }), torn: fc.constantFrom(...TORN) }), {
    nil: undefined,
  }),
})

test('any number of cuts in a row: every page read is the last one written whole, or the one being written', () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 40 }), sequence => {
      const silicon = fresh()
      let stands: Bytes | undefined
      for (const { payload, cut } of sequence) {
        silicon.planCut(cut)
        const wasCut = isCut(() => openRecordStore(silicon, AREA).write(1, payload))
        silicon.planCut(undefined)
        silicon.powerOn()
        const seen = openRecordStore(silicon, AREA).read(1)
        expect(wasCut ? [show(stands), show(payload)] : [show(payload)]).toContain(show(seen))
        expect(show(openRecordStore(silicon, AREA).read(1))).toBe(show(seen))
        stands = seen
      }
    }),
    { numRuns: 500 },
  )
})

test('markers go around for ever', () => {
  const silicon = fresh()
  const store = openRecordStore(silicon, AREA)
  for (let i = 0; i < 1200; i++) {
    store.write(2, Uint8Array.of(i & 0xff, i >> 8))
    expect(store.read(2)).toEqual(Uint8Array.of(i & 0xff, i >> 8))
  }
})

test('pages keep out of each other’s way, and an erased area was never written', () => {
  const store = openRecordStore(fresh(), AREA)
  for (let page = 0; page < 3; page++) store.write(page, Uint8Array.of(page))
  for (let page = 0; page < 3; page++) expect(store.read(page)).toEqual(Uint8Array.of(page))
  store.erase()
  for (let page = 0; page < 3; page++) expect(store.read(page)).toBeUndefined()
})

test('a damaged page is defective: the older copy is never shown, and it cannot be written over (C-8)', () => {
  const silicon = fresh()
  history(openRecordStore, silicon, [Uint8Array.of(1, 1), Uint8Array.of(2, 2)])
  const whole = silicon.read(0, SIZE)
  const slotAt = AREA.at + 2 * (AREA.pageBytes + 7)
  const second = slotAt + AREA.pageBytes + 7
  // size, payload and checksum of the slot that counts, bit by bit; its marker is the proof's business
  for (let at = second + 1; at < second + 1 + 2 + 2 + 4; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const damaged = new MemorySilicon(SIZE)
      damaged.write(0, whole)
      damaged.write(at, Uint8Array.of((whole[at] ?? 0) ^ (1 << bit)))
      const store = openRecordStore(damaged, AREA)
      expect(() => store.read(1)).toThrow(Defective)
      expect(() => store.write(1, Uint8Array.of(3))).toThrow(Defective)
      expect(() => store.read(1)).toThrow(/^page 1: (a size of \d+|checksum)$/)
    }
  }
})

test('a page in another page’s place is damaged', () => {
  const silicon = fresh()
  openRecordStore(silicon, AREA).write(0, Uint8Array.of(1))
  const slots = 2 * (AREA.pageBytes + 7)
  silicon.write(AREA.at + slots, silicon.read(AREA.at, slots))
  expect(() => openRecordStore(silicon, AREA).read(1)).toThrow(Defective)
})

test('a write costs what changed, four bytes of checksum and one of marker; the same page again costs nothing', () => {
  const silicon = fresh()
  const store = openRecordStore(silicon, AREA)
  const page = new Uint8Array(24)
  for (let i = 0; i < 3; i++) store.write(0, page.fill(i))
  const before = silicon.wear.bytes
  store.write(0, page)
  expect(silicon.wear.bytes).toBe(before)
  const changed = page.slice()
  changed[23] = 9
  store.write(0, changed)
  store.write(0, page)
  const at = silicon.wear.bytes
  store.write(0, changed)
  expect(silicon.wear.bytes - at).toBe(1) // both slots held it already: only the flip
})

test('an area takes two slots a page, each with a marker, a size of two bytes and a checksum of four', () => {
  expect(areaBytes({ pages: 3, pageBytes: 24 })).toBe(3 * 2 * (1 + 2 + 24 + 4))
})

test('a page that does not exist, and one that is too large, are bugs', () => {
  const store = openRecordStore(fresh(), AREA)
  for (const page of [-1, 3]) {
    expect(() => store.read(page)).toThrow(`page ${page} of 3`)
    expect(() => store.write(page, Uint8Array.of(1))).toThrow(`page ${page} of 3`)
  }
  expect(() => store.write(0, new Uint8Array(25))).toThrow('25 bytes in a page of 24')
  expect(new Defective('x').name).toBe('Defective')
})

test('which slot counts is told by the two markers alone: the one that comes after the other, up to half around', () => {
  const silicon = fresh()
  const slots = [AREA.at, AREA.at + AREA.pageBytes + 7] as const
  history(
    (from, area) => ({
      ...openRecordStore(from, area),
      write: (_, page) => openRecordStore(from, area).write(0, page),
    }),
    silicon,
    [Uint8Array.of(1), Uint8Array.of(2)],
  )
  const counts = (first: number, second: number): number | undefined => {
    silicon.write(slots[0], Uint8Array.of(first))
    silicon.write(slots[1], Uint8Array.of(second))
    return openRecordStore(silicon, AREA).read(0)?.[0]
  }
  for (let first = 0; first < ERASED; first++) {
    expect(counts(first, ERASED)).toBe(1)
    expect(counts(ERASED, first)).toBe(2)
    expect(counts(first, first)).toBe(1)
    for (let ahead = 1; ahead <= 127; ahead++) {
      expect(counts(first, (first + ahead) % 255)).toBe(2)
      expect(counts((first + ahead) % 255, first)).toBe(1)
    }
  }
  expect(counts(ERASED, ERASED)).toBeUndefined()
})

test('only what differs is written: from the first byte that does to the last', () => {
  const silicon = fresh()
  const costs = (...bytes: number[]): string => {
    const before = silicon.wear
    writeDifference(silicon, 3, Uint8Array.from(bytes))
    const { writes, bytes: worn } = silicon.wear
    return `${writes - before.writes} ${worn - before.bytes}`
  }
  expect(costs(1, 2, 3, 4, 5)).toBe('1 5')
  expect(costs(1, 2, 3, 4, 5)).toBe('0 0')
  expect(costs(1, 9, 3, 4, 5)).toBe('1 1')
  expect(costs(1, 8, 3, 7, 5)).toBe('1 3')
  expect(silicon.read(3, 5)).toEqual(Uint8Array.of(1, 8, 3, 7, 5))
})
