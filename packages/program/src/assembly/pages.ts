// Which of the chip's pages holds what. The head is last to be written by every change, and its one write is what makes
// the change true (C-1); a head exists from activation on.

export const HEAD_PAGE = 0
export const IDENTITY_PAGE = 1
/** At most two versions of the purse's keys (F-15). */
export const KEYS_PAGE = 2
export const KEYS_PAGES = 2
export const CHIP_KEY_PAGE = KEYS_PAGE + KEYS_PAGES
export const CERTIFICATE_PAGE = CHIP_KEY_PAGE + 1
export const RECORD_PAGE = CERTIFICATE_PAGE + 1

/** Debits and voids that stay readable; with one page more, the page being overwritten is never one of them (C-2). */
export const RECORDS: u32 = 20
export const RECORD_PAGES: u32 = RECORDS + 1
