/** BER-TLV data objects as ISO/IEC 7816-4 and GlobalPlatform use them: tags of one or two bytes, definite lengths. */
import { type Bytes, bigEndian, concat, fromBigEndian } from '@kozeni/base/bytes'

export interface DataObject {
  readonly tag: number
  readonly value: Bytes
}

/** One data object; its value is all `parts` together. */
export function tlv(tag: number, ...parts: readonly Bytes[]): Bytes {
  const value = concat(...parts)
  return concat(bigEndian(tag, tag > 0xff ? 2 : 1), berLength(value.length), value)
}

/** A length in the shortest of BER's forms. */
export function berLength(length: number): Bytes {
  if (length < 0x80) return Uint8Array.of(length)
  return length < 0x100 ? Uint8Array.of(0x81, length) : concat(Uint8Array.of(0x82), bigEndian(length, 2))
}

/** @returns the data objects one after the other, undefined when the bytes do not end where one does */
export function readTlvs(bytes: Bytes): readonly DataObject[] | undefined {
  const found: DataObject[] = []
  for (let at = 0; at < bytes.length; ) {
    const next = readTlv(bytes, at)
    if (next === undefined) return undefined
    found.push(next)
    at = next.end
  }
  return found
}

/** @returns the first data object from `at` on and where it ends; undefined when it is not whole */
export function readTlv(bytes: Bytes, at: number): (DataObject & { readonly end: number }) | undefined {
  const header = readTlvHeader(bytes, at)
  if (header === undefined || header.valueAt + header.length > bytes.length) return undefined
  const end = header.valueAt + header.length
  return { tag: header.tag, value: bytes.slice(header.valueAt, end), end }
}

/** Tag and length alone, for an object whose value is still to come. */
export function readTlvHeader(
  bytes: Bytes,
  at: number,
): { readonly tag: number; readonly length: number; readonly valueAt: number } | undefined {
  const tagBytes = ((bytes[at] ?? 0) & 0x1f) === 0x1f ? 2 : 1
  const lengthAt = at + tagBytes
  const first = bytes[lengthAt]
  if (first === undefined) return undefined
  const tag = Number(fromBigEndian(bytes.subarray(at, lengthAt)))
  if (first < 0x80) return { tag, length: first, valueAt: lengthAt + 1 }
  const valueAt = lengthAt + 1 + (first & 0x7f)
  if ((first !== 0x81 && first !== 0x82) || valueAt > bytes.length) return undefined
  return { tag, length: Number(fromBigEndian(bytes.subarray(lengthAt + 1, valueAt))), valueAt }
}

/** The value of the one object with this tag; undefined when there is none, or more than one. */
export function valueOf(objects: readonly DataObject[] | undefined, tag: number): Bytes | undefined {
  const found = objects?.filter(object => object.tag === tag) ?? []
  return found.length === 1 ? found[0]?.value : undefined
}
