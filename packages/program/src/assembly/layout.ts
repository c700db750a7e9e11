// What travels, field after field as @kozeni/protocol declares it: each offset is the one before plus that field's
// width. All numbers big-endian. A *place* is epoch ‖ number in eight bytes, so that one u64 compares lexicographically.

export const PROTOCOL_VERSION = 1
export const NAME_BYTES = 8
export const DIGEST_BYTES = 32
export const MAC_KEY_BYTES = 32
export const CIPHER_KEY_BYTES = 16
export const PRIVATE_BYTES = 32
export const POINT_BYTES = 65
export const SIGNATURE_BYTES = 64
export const TAG_BYTES = 16
export const CHALLENGE_BYTES = 8
export const PSEUDONYM_BYTES = 4
export const PIN_BYTES = 8

/** The most one amount can hold, and the most a total can. */
export const MONEY_MAX: u64 = 0xffff_ffff
export const TOTAL_MAX: u64 = 0x7fff_ffff_ffff_ffff
export const COUNT_MAX: u32 = 0xffff_ffff

/** header.ts: how everything begins that is authenticated (F-15). */
export namespace Header {
  export const VERSION = 0
  export const TYPE = VERSION + 1
  export const DIRECTION = TYPE + 1
  export const PURSE = DIRECTION + 1
  export const KEY_VERSION = PURSE + NAME_BYTES
  export const SIZE = KEY_VERSION + 1
}

export namespace Type {
  export const COMMAND = 0x01
  export const ABORT = 0x02
  export const CONFIRM = 0x03
  export const SET = 0x04
  export const FENCE = 0x05
  export const READ = 0x06
  export const RESULT = 0x11
  export const FENCED = 0x12
  export const RECEIPT = 0x21
  export const DEBIT_REQUEST = 0x22
  export const VOID_REQUEST = 0x23
  export const INTRODUCTION = 0x24
  export const PURSE_CERTIFICATE = 0x31
  export const TERMINAL_CERTIFICATE = 0x32
  export const HOLDER_HELLO = 0x41
  export const HOLDER_REQUEST = 0x42
  export const HOLDER_ANSWER = 0x43
  export const PIN = 0x44
}

export namespace Direction {
  export const TO_CHIP = 1
  export const TO_CENTER = 2
  export const TO_TERMINAL = 3
  export const TO_HOLDER = 4
}

/** operation.ts */
export namespace Kind {
  export const LOAD: u32 = 1
  export const PAY: u32 = 2
  export const REFUND: u32 = 3
  export const SWEEP: u32 = 4
}

export namespace Outcome {
  export const NONE: u8 = 0
  export const APPLIED: u8 = 1
  export const CANCELLED: u8 = 2
  export const REVERSED: u8 = 3
  export const REJECTED: u8 = 4
}

/** message.ts: how a sealed message stands on the wire. */
export namespace Sealed {
  export const VERSION = 0
  export const TYPE = VERSION + 1
  export const KEY_VERSION = TYPE + 1
  export const TAG = KEY_VERSION + 1
  export const TEXT = TAG + TAG_BYTES
}

export namespace Command {
  export const PLACE = 0
  export const KIND = PLACE + 8
  export const AMOUNT = KIND + 1
  export const CURRENCY = AMOUNT + 4
  export const REFERENCE = CURRENCY + 2
  export const PREV = REFERENCE + 16
  export const SIZE = PREV + 8
  /** The digest is of the purse and of all before `prev` (F-15). */
  export const ESSENCE_SIZE = PREV
}

export namespace Abort {
  export const PLACE = 0
  export const KIND = PLACE + 8
  export const DIGEST = KIND + 1
  export const PREV = DIGEST + DIGEST_BYTES
  export const SIZE = PREV + 8
}

export namespace Confirm {
  export const PLACE = 0
  export const ACKNOWLEDGED_AMOUNT = PLACE + 8
  export const ACKNOWLEDGED_COUNT = ACKNOWLEDGED_AMOUNT + 8
  export const TIME = ACKNOWLEDGED_COUNT + 4
  export const SIZE = TIME + 4
}

export namespace Settings {
  export const PLACE = 0
  export const BLOCKED = PLACE + 8
  export const KEY_FLOOR = BLOCKED + 1
  export const TIME = KEY_FLOOR + 1
  export const MAXIMUM_VALUE = TIME + 4
  export const MAXIMUM_DEBIT = MAXIMUM_VALUE + 4
  export const LOWER_AMOUNT = MAXIMUM_DEBIT + 4
  export const UPPER_AMOUNT = LOWER_AMOUNT + 4
  export const LOWER_COUNT = UPPER_AMOUNT + 4
  export const UPPER_COUNT = LOWER_COUNT + 4
  export const PIN_ABOVE = UPPER_COUNT + 4
  export const SIZE = PIN_ABOVE + 4
}

export namespace Fence {
  export const EPOCH = 0
  export const SIZE = EPOCH + 4
}

/** One outcome, as FENCED tells it and the record keeps it. */
export namespace Remembered {
  export const PLACE = 0
  export const KIND = PLACE + 8
  export const DIGEST = KIND + 1
  export const OUTCOME = DIGEST + DIGEST_BYTES
  export const SIZE = OUTCOME + 1
}

/** debit.ts: a terminal's request, before its signature. From `amount` to `time` the receipt repeats it. */
export namespace Request {
  export const SEQ = Header.SIZE
  export const AMOUNT = SEQ + 4
  export const CURRENCY = AMOUNT + 4
  export const TERMINAL = CURRENCY + 2
  export const SALE = TERMINAL + NAME_BYTES
  export const TIME = SALE + 4
  export const SIZE = TIME + 4
  export const SIGNATURE = SIZE
  export const SIGNED_SIZE = SIGNATURE + SIGNATURE_BYTES
}

export namespace Receipt {
  export const KIND = Header.SIZE
  export const SEQ = KIND + 1
  export const AMOUNT = SEQ + 4
  export const CURRENCY = AMOUNT + 4
  export const TERMINAL = CURRENCY + 2
  export const SALE = TERMINAL + NAME_BYTES
  export const TIME = SALE + 4
  export const CREDITS = TIME + 4
  export const DEBITS = CREDITS + 8
  export const FLAG = DEBITS + 8
  export const PLACE = FLAG + 1
  export const DIGEST = PLACE + 8
  export const OUTCOME = DIGEST + DIGEST_BYTES
  export const PREV_SEQ = OUTCOME + 1
  export const PREV_AMOUNT = PREV_SEQ + 4
  export const PREV_TERMINAL = PREV_AMOUNT + 4
  export const SIZE = PREV_TERMINAL + PSEUDONYM_BYTES
  export const SIGNATURE = SIZE
  export const MAC = SIGNATURE + SIGNATURE_BYTES
  export const SIGNED_SIZE = MAC + TAG_BYTES
}

export namespace ReceiptKind {
  export const DEBIT = 1
  export const VOID = 2
}

export namespace Introduction {
  export const VERSION = 0
  export const TYPE = VERSION + 1
  export const DIRECTION = TYPE + 1
  export const TERMINAL = DIRECTION + 1
  export const CHALLENGE = TERMINAL + NAME_BYTES
  export const SIZE = CHALLENGE + CHALLENGE_BYTES
}

/** certificate.ts, before the issuer's signature. */
export namespace PurseCertificate {
  export const VERSION = 0
  export const TYPE = VERSION + 1
  export const KEY_VERSION = TYPE + 1
  export const PURSE = KEY_VERSION + 1
  export const CHIP_CLASS = PURSE + NAME_BYTES
  export const CURRENCY = CHIP_CLASS + 1
  export const EXPIRES = CURRENCY + 2
  export const PUBLIC = EXPIRES + 4
  export const SIZE = PUBLIC + POINT_BYTES
  export const SIGNED_SIZE = SIZE + SIGNATURE_BYTES
}

export namespace TerminalCertificate {
  export const VERSION = 0
  export const TYPE = VERSION + 1
  export const KEY_VERSION = TYPE + 1
  export const TERMINAL = KEY_VERSION + 1
  export const STORE = TERMINAL + NAME_BYTES
  export const CURRENCY = STORE + NAME_BYTES
  export const EXPIRES = CURRENCY + 2
  export const PUBLIC = EXPIRES + 4
  export const SIZE = PUBLIC + POINT_BYTES
  export const SIGNED_SIZE = SIZE + SIGNATURE_BYTES
}

/** holder.ts */
export namespace Hello {
  export const DEVICE = Header.SIZE
  export const CHALLENGE = DEVICE + NAME_BYTES
  export const ONE_TIME_KEY = CHALLENGE + CHALLENGE_BYTES
  export const SIZE = ONE_TIME_KEY + POINT_BYTES
  export const SIGNED_SIZE = SIZE + SIGNATURE_BYTES
}

export namespace Ask {
  export const STANDING = 0x01
  export const HISTORY = 0x02
  export const FREEZE = 0x03
  export const SET_PIN = 0x04
}

export namespace PinBlock {
  export const ONE_TIME_KEY = 0
  export const SEALED = ONE_TIME_KEY + POINT_BYTES
  export const TEXT_SIZE = PIN_BYTES + DIGEST_BYTES
  export const SIZE = SEALED + TAG_BYTES + TEXT_SIZE
}

/** purse.ts */
export namespace Group {
  export const TAG = 0
  export const LENGTH = TAG + 1
  export const VALUE = LENGTH + 2

  export const IDENTITY = 0x01
  export const KEYS = 0x02
  export const MAKE_KEY = 0x03
  export const CERTIFICATE = 0x04
  export const ACTIVATE = 0x05
}

export namespace Identity {
  export const PURSE = 0
  export const DEVICE = PURSE + NAME_BYTES
  export const CURRENCY = DEVICE + NAME_BYTES
  export const CHIP_CLASS = CURRENCY + 2
  export const EPOCH = CHIP_CLASS + 1
  export const TIME = EPOCH + 4
  export const ISSUER_KEY_VERSION = TIME + 4
  export const ISSUER_KEY = ISSUER_KEY_VERSION + 1
  export const DEVICE_KEY = ISSUER_KEY + POINT_BYTES
  export const SIZE = DEVICE_KEY + POINT_BYTES
}

export namespace KeySet {
  export const VERSION = 0
  export const MAC = VERSION + 1
  export const ENCRYPTION = MAC + MAC_KEY_BYTES
  export const RECEIPT = ENCRYPTION + CIPHER_KEY_BYTES
  export const SIZE = RECEIPT + MAC_KEY_BYTES
}
