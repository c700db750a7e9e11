/**
 * The header fields Signature-Input and Signature of RFC 9421 §4, read strictly: only what a serializer of structured
 * fields (RFC 8941) would write. So the text that was signed is the text that came, and nothing has two spellings.
 */
import type { Bytes } from '@kozeni/base/bytes'
import { fromBase64 } from './content-digest.ts'

/** One member of Signature-Input. */
export interface SignatureInput {
  readonly label: string
  /** Component names in order; one with parameters of its own keeps them, and so is no name that is understood here. */
  readonly covers: readonly string[]
  /** Strings without their quotes, numbers as digits. */
  readonly parameters: ReadonlyMap<string, string>
  /** The inner list and its parameters, as they came: what @signature-params says. */
  readonly text: string
}

const KEY = String.raw`[a-z*][a-z0-9_.*-]*`
const STRING = String.raw`"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"`
const NUMBER = String.raw`(?:0|-?[1-9]\d{0,14})`
const BYTES = String.raw`:[A-Za-z0-9+/]*={0,2}:`
const TOKEN = String.raw`[A-Za-z*][A-Za-z0-9!#$%&'*+.^_|~:/${'`'}-]*`
const PARAMETER = `;${KEY}(?:=(?:${NUMBER}|${STRING}|${BYTES}|\\?0|${TOKEN}))?`
const ITEM = `${STRING}(?:${PARAMETER})*`
const MEMBER = new RegExp(`(${KEY})=(\\(((?:${ITEM}(?: ${ITEM})*)?)\\)((?:${PARAMETER})*))`, 'y')
const SIGNATURE = new RegExp(`(${KEY})=(${BYTES})`, 'y')
const ITEMS = new RegExp(ITEM, 'g')
const PARAMETERS = new RegExp(`;(${KEY})(?:=(${STRING}|[^;]*))?`, 'g')

/** Longer ones are nobody's. */
const HEADER_CHARACTERS = 4096

/** @returns undefined when it is not spelled as RFC 8941 spells it */
export function readSignatureInput(header: string): readonly SignatureInput[] | undefined {
  return membersOf(header, MEMBER)?.map(([, label = '', text = '', items = '', parameters = '']) => ({
    label,
    text,
    covers: (items.match(ITEMS) ?? []).map(bare),
    parameters: new Map([...parameters.matchAll(PARAMETERS)].map(([, name = '', value = '']) => [name, bare(value)])),
  }))
}

/** The signatures by label. @returns undefined when it is not spelled as RFC 8941 spells it, or a label comes twice */
export function readSignatures(header: string): ReadonlyMap<string, Bytes> | undefined {
  const members = membersOf(header, SIGNATURE)
  const found = new Map<string, Bytes>()
  for (const [, label = '', value = ''] of members ?? []) {
    const bytes = fromBase64(value.slice(1, -1))
    if (bytes === undefined || found.has(label)) return undefined
    found.set(label, bytes)
  }
  return members && found
}

/** All members of a dictionary, comma between them. */
function membersOf(header: string, member: RegExp): readonly RegExpExecArray[] | undefined {
  const found: RegExpExecArray[] = []
  if (header.length > HEADER_CHARACTERS) return undefined
  for (let at = 0; ; ) {
    member.lastIndex = at
    const match = member.exec(header)
    if (match === null) return undefined
    found.push(match)
    at += match[0].length
    if (at === header.length) return found
    const comma = /^[ \t]*,[ \t]*/.exec(header.slice(at))
    if (comma === null) return undefined
    at += comma[0].length
  }
}

/** A plain string without its quotes; anything else as it stands. */
const bare = (value: string): string => (/^"[^"\\]*"$/.test(value) ? value.slice(1, -1) : value)
