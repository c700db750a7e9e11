/**
 * A sale between two devices without any network, by camera, in three frames (D-8): what a phone shows, what the terminal
 * shows back, what the phone shows at last. The bytes are those of a contact (debit.ts), and so are the rules; only the way
 * differs. How a frame is drawn is not said here: it is text that any QR code holds.
 */
import { type Bytes, base64url, concat, fromBase64url } from '@kozeni/base/bytes'
import { PURSE_CERTIFICATE_BYTES, TERMINAL_CERTIFICATE_BYTES } from './certificate.ts'
import { SIGNATURE_BYTES } from './crypto.ts'
import { CHALLENGE_BYTES, DEBIT_REQUEST_BYTES, SIGNED_RECEIPT_BYTES } from './debit.ts'
import { bytes, type Struct, struct, u32 } from './struct.ts'

/** The phone shows whose purse it is, and where its chip stands. */
export interface PurseFrame {
  /** Of this SELECT: the terminal signs it, so that an old answer opens nothing (C-4). */
  readonly challenge: Bytes
  readonly certificate: Bytes
  readonly seq: number
}

/** The terminal shows who it is and what it asks: the data of INTRODUCE, then the data of DEBIT. */
export interface RequestFrame {
  readonly certificate: Bytes
  readonly introduction: Bytes
  readonly request: Bytes
}

/** The phone shows the chip's answer, once the holder has agreed to amount and store. */
export interface ReceiptFrame {
  readonly receipt: Bytes
}

/** Every frame, by name. */
export interface Frames {
  readonly purse: PurseFrame
  readonly request: RequestFrame
  readonly receipt: ReceiptFrame
}

export type FrameName = keyof Frames
export type Frame = { readonly [F in FrameName]: { readonly frame: F; readonly body: Frames[F] } }[FrameName]

const LAYOUT: { readonly [F in FrameName]: Struct<Frames[F]> } = {
  purse: struct<PurseFrame>({
    challenge: bytes(CHALLENGE_BYTES),
    certificate: bytes(PURSE_CERTIFICATE_BYTES),
    seq: u32,
  }),
  request: struct<RequestFrame>({
    certificate: bytes(TERMINAL_CERTIFICATE_BYTES),
    introduction: bytes(SIGNATURE_BYTES), //  over the chip's challenge
    request: bytes(DEBIT_REQUEST_BYTES), //   with the terminal's signature behind it
  }),
  receipt: struct<ReceiptFrame>({ receipt: bytes(SIGNED_RECEIPT_BYTES) }),
}

/** Before every frame: whose it is, and of which version. */
const START = 'KOZENI1'

/** @returns the frame as text: `KOZENI1.purse.…`, the body in base64url */
export const writeFrame = (frame: Frame): string =>
  [START, frame.frame, base64url((LAYOUT[frame.frame] as Struct<Frames[FrameName]>).write(frame.body))].join('.')

/** @returns undefined for whatever else a camera may read; says nothing of who made it */
export function readFrame(text: string): Frame | undefined {
  const [start, name, spelled, ...rest] = text.split('.')
  const body = spelled === undefined ? undefined : fromBase64url(spelled)
  if (start !== START || rest.length > 0 || body === undefined || !isName(name)) return undefined
  const read = LAYOUT[name].read(body)
  return read === undefined ? undefined : ({ frame: name, body: read } as Frame)
}

const isName = (name: string | undefined): name is FrameName => name !== undefined && Object.hasOwn(LAYOUT, name)

/** The data of INTRODUCE that stand in a request frame. */
export const introduceData = ({ certificate, introduction }: RequestFrame): Bytes => concat(certificate, introduction)
