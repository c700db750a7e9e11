/**
 * Where everything lies in a chip's memory. Nothing else adds up addresses.
 *
 *   header      whether this is a chip yet, and whether it is defective
 *   manager     the card manager's own pages
 *   load files  regions for modules; one more than programs, so that an upgrade has somewhere to arrive
 *   stores      one area of pages for each installed program
 */
import { STORE_PAGE_BYTES, STORE_PAGES } from '@kozeni/program/host'
import { type Area, areaBytes } from './record-store.ts'

/** Anything but erased: a foundry has finished making a chip of it. One byte: whatever a torn write leaves is yes or no. */
export const FORGED_AT = 0
/** Anything but erased: defective for ever. */
export const DEFECT_AT = 1
const HEADER_BYTES = 16

/** The card manager's pages. */
export const PAGE = { identity: 0, keySets: 1, registry: 2 } as const
export const MANAGER_AREA: Area = { at: HEADER_BYTES, pages: 3, pageBytes: 512 }

/** The most bytes a load file's module may have. */
export const MODULE_BYTES_MAX = 24 * 1024
export const REGIONS = 3
const REGIONS_AT = MANAGER_AREA.at + areaBytes(MANAGER_AREA)

/** Programs that a chip can hold at once. */
export const STORES = 2
const STORE = { pages: STORE_PAGES, pageBytes: STORE_PAGE_BYTES }
const STORES_AT = REGIONS_AT + REGIONS * MODULE_BYTES_MAX

export const CHIP_BYTES = STORES_AT + STORES * areaBytes(STORE)

/** Where a load file's bytes begin. */
export const regionAt = (region: number): number => REGIONS_AT + region * MODULE_BYTES_MAX

/** The store area with this number. */
export const storeArea = (store: number): Area => ({ ...STORE, at: STORES_AT + store * areaBytes(STORE) })
