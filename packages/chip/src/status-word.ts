/** What the chip itself says, in ISO/IEC 7816-4's and GlobalPlatform's numbers. What programs say is theirs. */
import { type Bytes, NO_BYTES } from '@kozeni/base/bytes'
import type { ResponseApdu } from '@kozeni/protocol/apdu'

export const SW = {
  done: 0x9000,
  /** With how many bytes GET RESPONSE will bring. */
  moreBytes: 0x6100,
  /** Selected, though the chip is locked. */
  warningLocked: 0x6283,
  /** The host's cryptogram is not that of the keys. */
  cryptogramWrong: 0x6300,
  defective: 0x6581,
  lengthWrong: 0x6700,
  channelNone: 0x6881,
  secureMessagingNone: 0x6882,
  chainBroken: 0x6883,
  chainingNone: 0x6884,
  notAuthenticated: 0x6982,
  conditionsWrong: 0x6985,
  dataWrong: 0x6a80,
  nothingSelected: 0x6a82,
  memoryFull: 0x6a84,
  parametersWrong: 0x6a86,
  notFound: 0x6a88,
  /** With how many bytes there are. */
  wrongLe: 0x6c00,
  instructionUnknown: 0x6d00,
  classUnknown: 0x6e00,
  stopped: 0x6f00,
} as const

export type StatusWord = (typeof SW)[keyof typeof SW]

/** Done, and this is the answer. */
export const done = (data: Bytes = NO_BYTES): ResponseApdu => ({ data, statusWord: SW.done })

/** Not done; nothing has changed. */
export const refuse = (reason: Exclude<keyof typeof SW, 'done'>): ResponseApdu => ({
  data: NO_BYTES,
  statusWord: SW[reason],
})
