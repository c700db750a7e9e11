/**
 * Pages that are written whole or not at all, whatever moment power is lost (C-1). Also says when one is damaged, and
 * then never anything else (C-8): the older copy would roll value back.
 * @see docs/decisions/0004-two-slots-and-one-flip.md for the layout and the proof
 */
import { assert, Bug } from '@kozeni/base/assert'
import { type Bytes, bigEndian, concat, equal } from '@kozeni/base/bytes'
import { crc32 } from './crc.ts'
import { ERASED, type Silicon } from './silicon.ts'

export interface RecordStore {
  /**
   * @returns the page as last written, undefined when it never was
   * @throws Defective when it is damaged
   */
  read(page: number): Bytes | undefined
  /** The same, good only until the store is used again: for those who copy it on at once. */
  peek(page: number): Bytes | undefined
  /** Old page or new page: nothing between them ever shows. */
  write(page: number, payload: Bytes): void
  /** Makes all pages as if never written, and their content unreadable. Only for pages that nothing refers to. */
  erase(): void
}

/** A stretch of silicon divided into pages. */
export interface Area {
  readonly at: number
  readonly pages: number
  /** The most that one page holds. */
  readonly pageBytes: number
}

export type OpenRecordStore = (silicon: Silicon, area: Area) => RecordStore

/** A page is damaged: both its copies, or the one that counts. The chip is defective for ever (C-8). */
export class Defective extends Error {
  override readonly name = 'Defective'
}

const SIZE_AT = 1
const SIZE_BYTES = 2
const PAYLOAD_AT = SIZE_AT + SIZE_BYTES
const CRC_BYTES = 4
const SLOT_OVERHEAD = PAYLOAD_AT + CRC_BYTES

/** Markers run 0…254 and around again; the 256th value is erased memory's. */
const MARKERS = 255

/** How much silicon an area takes. */
export const areaBytes = ({ pages, pageBytes }: Omit<Area, 'at'>): number => pages * 2 * (pageBytes + SLOT_OVERHEAD)

/** The store that the chip uses. */
export const openRecordStore: OpenRecordStore = (silicon, area) => new TwoSlotStore(silicon, area)

class TwoSlotStore implements RecordStore {
  readonly #silicon: Silicon
  readonly #area: Area
  readonly #slotBytes: number
  /** Where pages are read to, and their heads: a page is read far more often than it is kept. */
  readonly #scratch: Bytes
  /** The scratch as far as a payload of the latest size goes, without and with its checksum. */
  #views: { readonly payload: Bytes; readonly checked: Bytes }
  readonly #heads: readonly [Bytes, Bytes] = [new Uint8Array(PAYLOAD_AT), new Uint8Array(PAYLOAD_AT)]

  constructor(silicon: Silicon, area: Area) {
    this.#silicon = silicon
    this.#area = area
    this.#slotBytes = area.pageBytes + SLOT_OVERHEAD
    this.#scratch = new Uint8Array(area.pageBytes + CRC_BYTES)
    this.#views = this.#viewsOf(area.pageBytes)
  }

  read(page: number): Bytes | undefined {
    return this.peek(page)?.slice()
  }

  peek(page: number): Bytes | undefined {
    const heads = this.#readHeads(page)
    const slot = currentSlot(heads)
    return slot === undefined ? undefined : this.#payload(page, slot, heads[slot])
  }

  write(page: number, payload: Bytes): void {
    assert(payload.length <= this.#area.pageBytes, `${payload.length} bytes in a page of ${this.#area.pageBytes}`)
    const heads = this.#readHeads(page)
    const current = currentSlot(heads)
    const other = current === 0 ? 1 : 0
    // reading first: a damaged page is never written over, and what stands already costs no wear
    if (current !== undefined && equal(this.#payload(page, current, heads[current]), payload)) return
    const at = this.#slotAt(page, other)
    writeDifference(this.#silicon, at + SIZE_AT, sealed(page, payload))
    const marker = current === undefined ? 0 : ((heads[current][0] ?? 0) + 1) % MARKERS
    this.#silicon.write(at, Uint8Array.of(marker)) // the flip
  }

  erase(): void {
    const { at, pages } = this.#area
    for (let slot = 0; slot < 2 * pages; slot++)
      writeDifference(this.#silicon, at + slot * this.#slotBytes, new Uint8Array(this.#slotBytes).fill(ERASED))
  }

  #slotAt(page: number, slot: Slot): number {
    const { at, pages } = this.#area
    if (page < 0 || page >= pages) throw new Bug(`page ${page} of ${pages}`)
    return at + (2 * page + slot) * this.#slotBytes
  }

  /** The beginnings of both slots: marker and size. */
  #readHeads(page: number): readonly [Bytes, Bytes] {
    this.#silicon.readInto(this.#slotAt(page, 0), this.#heads[0])
    this.#silicon.readInto(this.#slotAt(page, 1), this.#heads[1])
    return this.#heads
  }

  #payload(page: number, slot: Slot, head: Bytes): Bytes {
    const size = ((head[SIZE_AT] ?? 0) << 8) | (head[SIZE_AT + 1] ?? 0)
    if (size > this.#area.pageBytes) throw new Defective(`page ${page}: a size of ${size}`)
    if (this.#views.payload.length !== size) this.#views = this.#viewsOf(size)
    const { payload, checked } = this.#views
    this.#silicon.readInto(this.#slotAt(page, slot) + PAYLOAD_AT, checked)
    if (checksumAt(checked, size) !== checksum(page, payload)) throw new Defective(`page ${page}: checksum`)
    return payload
  }

  #viewsOf(size: number) {
    return { payload: this.#scratch.subarray(0, size), checked: this.#scratch.subarray(0, size + CRC_BYTES) }
  }
}

type Slot = 0 | 1

/**
 * Which slot counts, told by the two markers alone. Total and stable: any two bytes name one slot, and the same one
 * until a marker changes.
 */
function currentSlot(heads: readonly [Bytes, Bytes]): Slot | undefined {
  const [first, second] = [heads[0][0] ?? ERASED, heads[1][0] ?? ERASED]
  if (first === ERASED) return second === ERASED ? undefined : 1
  if (second === ERASED) return 0
  const lead = (second - first + MARKERS) % MARKERS
  return lead >= 1 && lead <= (MARKERS - 1) / 2 ? 1 : 0
}

/** Size, payload and checksum, as they follow the marker. */
const sealed = (page: number, payload: Bytes): Bytes =>
  concat(bigEndian(payload.length, SIZE_BYTES), payload, bigEndian(checksum(page, payload), CRC_BYTES))

/** Page and size, as they are checked before the payload. */
const place = new Uint8Array(4)

/** The page's number is in it, so that a page found in another's place is damaged too. */
function checksum(page: number, payload: Bytes): number {
  place[0] = page >> 8
  place[1] = page
  place[2] = payload.length >> 8
  place[3] = payload.length
  return crc32(payload, crc32(place))
}

/** Four bytes as a number. */
const checksumAt = (bytes: Bytes, at: number): number =>
  (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0

/** Writes from the first byte that differs to the last one: memory wears by bytes. */
export function writeDifference(silicon: Silicon, at: number, bytes: Bytes): void {
  const old = silicon.read(at, bytes.length)
  const first = bytes.findIndex((byte, i) => byte !== old[i])
  if (first === -1) return
  const last = bytes.findLastIndex((byte, i) => byte !== old[i])
  silicon.write(at + first, bytes.subarray(first, last + 1))
}
