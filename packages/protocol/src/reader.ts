/**
 * The port to a chip, however it is reached: in the same process, over radio, over a wire. Whole APDUs go in and out;
 * transport details (61xx, 6Cxx, chaining) stay behind it.
 */
import type { Bytes } from '@kozeni/base/bytes'

export interface Reader {
  /**
   * Powers the chip, or takes it into the field: a fresh contact, nothing selected.
   *
   * @returns false when there is no chip
   */
  connect(): Promise<boolean>
  /**
   * One command APDU, one response APDU.
   *
   * @returns undefined when the chip was gone before it answered: whether it acted is not known
   */
  transmit(command: Bytes): Promise<Bytes | undefined>
  /** Lets the chip go; it loses its power. */
  disconnect(): Promise<void>
}
