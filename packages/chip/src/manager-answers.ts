/** What the card manager tells about the chip: GET DATA, GET STATUS, the answer to SELECT. Pure; no secrets in it. */
import { type Bytes, bigEndian, concat, unhex, utf8 } from '@kozeni/base/bytes'
import { idBytes } from '@kozeni/base/ids'
import { CHIP_CLASS } from '@kozeni/protocol/certificate'
import { GP_TAG, ISSUER_DOMAIN_AID, LISTED, PROGRAM_STATE } from '@kozeni/protocol/globalplatform'
import { moduleAid } from '@kozeni/protocol/loadfile'
import { tlv } from '@kozeni/protocol/tlv'
import type { KeySet } from './key-sets.ts'
import type { ChipIdentity } from './manager-pages.ts'
import type { Registry } from './registry.ts'

/** SCP03's options here: random challenges, answers with MAC and enciphered. */
export const SCP_OPTIONS = 0x60

/** GlobalPlatform's arc of object identifiers, {1 2 840 114283}. */
const GP = unhex('2a864886fc6b')
const oid = (...arcs: number[]): Bytes => tlv(0x06, GP, Uint8Array.from(arcs))

/** @spec GlobalPlatform Card Specification 2.3.1 §H.2: version 2.3.1, SCP03 */
const CARD_DATA = tlv(0x73, oid(1), tlv(0x60, oid(2, 2, 3, 1)), tlv(0x63, oid(3)), tlv(0x64, oid(4, 3, SCP_OPTIONS)))

/** The longest command data, in what SELECT answers. */
const MAXIMUM_LENGTH = bigEndian(255, 2)

/** The card manager's answer to SELECT. @spec §11.9.3.1 */
export const domainTemplate: Bytes = tlv(
  0x6f,
  tlv(0x84, ISSUER_DOMAIN_AID),
  tlv(0xa5, tlv(0x73, oid(1)), tlv(0x9f65, MAXIMUM_LENGTH)),
)

/** Ten bytes from which a host finds the chip's keys: the chip's name, after two zeros. */
export const diversification = ({ chip }: ChipIdentity): Bytes => concat(new Uint8Array(2), idBytes(chip))

/** @returns the value of the object that GET DATA asks for, undefined when there is none. @spec §11.3.3.1 */
export function dataObject(tag: number, identity: ChipIdentity, keySets: readonly KeySet[]): Bytes | undefined {
  switch (tag) {
    case GP_TAG.issuerNumber:
      return utf8('KOZENI')
    case GP_TAG.cardNumber:
      return idBytes(identity.chip)
    case GP_TAG.cardData:
      return CARD_DATA
    case GP_TAG.keyInformation:
      return concat(...keySets.flatMap(keyInformation))
    case GP_TAG.productionLife:
      return productionLife(identity)
    default:
      return undefined
  }
}

/** Each key: identifier, version, type AES, length. */
const keyInformation = ({ version, mac }: KeySet): readonly Bytes[] =>
  [1, 2, 3].map(identifier => tlv(0xc0, Uint8Array.of(identifier, version, 0x88, mac.length)))

/** 42 bytes of CPLC: the chip's class as its type, its name where date, serial and batch stand; the rest nobody uses. */
function productionLife({ chip, chipClass }: ChipIdentity): Bytes {
  const life = new Uint8Array(42)
  life.set(bigEndian(CHIP_CLASS[chipClass], 2), 2)
  life.set(idBytes(chip), 10)
  return life
}

interface Row {
  readonly aid: Bytes
  readonly fields: readonly Bytes[]
}

const DOMAIN_PRIVILEGES = unhex('9efe80')
const NO_PRIVILEGES = unhex('000000')

const row = (aid: Bytes, state: number, ...fields: readonly Bytes[]): Row => ({
  aid,
  fields: [tlv(0x4f, aid), tlv(0x9f70, Uint8Array.of(state)), ...fields],
})

const domainRow = ({ state }: Registry): readonly Row[] => [row(ISSUER_DOMAIN_AID, state, tlv(0xc5, DOMAIN_PRIVILEGES))]

const programRows = ({ programs }: Registry): readonly Row[] =>
  programs.map(({ aid, packageAid, state }) =>
    row(aid, state, tlv(0xc5, NO_PRIVILEGES), tlv(0xc4, packageAid), tlv(0xcc, ISSUER_DOMAIN_AID)),
  )

const fileRows = ({ loadFiles }: Registry, modules: boolean): readonly Row[] =>
  loadFiles.map(({ aid, version }) =>
    row(
      aid,
      PROGRAM_STATE.loaded,
      tlv(0xce, bigEndian(version, 2)),
      ...(modules ? [tlv(0x84, moduleAid(aid))] : []),
      tlv(0xcc, ISSUER_DOMAIN_AID),
    ),
  )

function rowsOf(listed: number, registry: Registry): readonly Row[] | undefined {
  switch (listed) {
    case LISTED.domain:
      return domainRow(registry)
    case LISTED.programs:
      return programRows(registry)
    case LISTED.loadFiles:
      return fileRows(registry, false)
    case LISTED.loadFilesAndModules:
      return fileRows(registry, true)
    default:
      return undefined
  }
}

/**
 * GET STATUS's rows, of names that begin with `prefix`.
 *
 * @returns undefined when P1 asks for no such list. @spec §11.4.3.1
 */
export const statusRows = (listed: number, prefix: Bytes, registry: Registry): readonly Bytes[] | undefined =>
  rowsOf(listed, registry)
    ?.filter(({ aid }) => startsWith(aid, prefix))
    .map(({ fields }) => tlv(0xe3, ...fields))

/** Whether a name begins like that; nothing begins every name. */
export const startsWith = (aid: Bytes, prefix: Bytes): boolean => prefix.every((byte, i) => aid[i] === byte)
