/**
 * For tests: a fresh chip, a host with its keys, and an installation as the center does it. Not part of the chip.
 */
import { assert } from '@kozeni/base/assert'
import { type Bytes, equal, unhex } from '@kozeni/base/bytes'
import { SeededDice } from '@kozeni/base/dice'
import { type ChipId, id } from '@kozeni/base/ids'
import { type CommandApdu, decodeResponse, encodeCommand, type ResponseApdu } from '@kozeni/protocol/apdu'
import type { Crypto } from '@kozeni/protocol/crypto'
import { nobleCrypto } from '@kozeni/protocol/crypto-noble'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import {
  getStatus,
  installAndMakeSelectable,
  installForLoad,
  installForPersonalization,
  LISTED,
  loadBlocks,
  readStatus,
  selectIssuerDomain,
  storeData,
} from '@kozeni/protocol/globalplatform'
import { cardKeys } from '@kozeni/protocol/keys'
import { type LoadFile, loadFileMessage } from '@kozeni/protocol/loadfile'
import { PURSE_AID, PURSE_PACKAGE_AID } from '@kozeni/protocol/purse'
import {
  initializeUpdate,
  openHost,
  SECURITY_LEVEL,
  type SecurityLevel,
  type Session,
  unwrap,
  wrap,
} from '@kozeni/protocol/scp03'
import { Chip, type ChipParts } from './chip.ts'
import { forge } from './foundry.ts'
import { CHIP_BYTES } from './memory-map.ts'
import type { Silicon } from './silicon.ts'
import { MemorySilicon } from './silicon-memory.ts'

/** For short messages noble's AES is the faster, for curves Node's. */
const { verify, sign, publicKey } = nodeCrypto
export const fastCrypto: Crypto = { ...nobleCrypto, verify, sign, publicKey }

export const CHIP = id<ChipId>('0102030405060708')
const MASTER = new Uint8Array(32).fill(7)
export const CARD_KEYS = cardKeys(fastCrypto, MASTER, CHIP)
const LOAD_KEY = fastCrypto.generate(new SeededDice(99))

/** The issuer's released program of that module. */
export function released(module: Bytes, packageAid = PURSE_PACKAGE_AID): LoadFile {
  const signature = fastCrypto.sign(LOAD_KEY, loadFileMessage(fastCrypto, { packageAid, module }))
  return { packageAid, module, signature }
}

/** A chip's memory as it leaves the foundry. */
export function blank(): MemorySilicon {
  const silicon = new MemorySilicon(CHIP_BYTES)
  const loadKey = fastCrypto.publicKey(LOAD_KEY)
  forge(silicon, { chip: CHIP, chipClass: 'software', cardKeys: CARD_KEYS, loadKey })
  return silicon
}

/** Of every chip here: its dice always fall the same. */
export const DICE_SEED = 5

/** A chip of that memory. */
export const chipOf = (
  silicon: Silicon,
  { dice = new SeededDice(DICE_SEED), ...other }: Partial<ChipParts> = {},
): Chip => new Chip({ silicon, crypto: fastCrypto, dice, ...other })

/** A host that sends commands in the clear, or through a channel. */
export class Host {
  readonly chip: Chip
  #session: Session | undefined

  constructor(chip: Chip) {
    this.chip = chip
  }

  /** As it is. */
  plain(command: CommandApdu): ResponseApdu {
    const answer = decodeResponse(this.chip.process(encodeCommand(command)))
    assert(answer, 'an answer')
    return answer
  }

  /** Through the channel. */
  send(command: CommandApdu): ResponseApdu {
    assert(this.#session, 'an open channel')
    const out = wrap(fastCrypto, this.#session, command)
    this.#session = out.session
    const answer = unwrap(fastCrypto, out.session, this.plain(out.command))
    assert(answer, 'an answer for this command')
    return answer
  }

  /** Powers the chip and opens a channel. @returns the status word of EXTERNAL AUTHENTICATE */
  open(level: SecurityLevel = SECURITY_LEVEL.bothSecret, keys = CARD_KEYS, version = 0): number {
    this.chip.powerOn()
    this.plain(selectIssuerDomain())
    const challenge = new Uint8Array(8).fill(3)
    const initialized = this.plain(initializeUpdate(challenge, version))
    const opened = openHost(fastCrypto, keys, challenge, initialized.data, level)
    if (opened === undefined) return initialized.statusWord
    this.#session = opened.session
    return this.plain(opened.command).statusWord
  }

  /** What is on the chip, by name. */
  has(listed: typeof LISTED.programs | typeof LISTED.loadFiles, aid: Bytes): boolean {
    return readStatus(this.send(getStatus(listed)).data)?.some(row => equal(row.aid, aid)) ?? false
  }
}

export const GROUPS = [unhex('010001aa'), unhex('020001bb')]

/**
 * The whole installation, bringing only what the chip lacks.
 *
 * @returns the last status word that was not 9000, or 9000
 */
export function install(host: Host, file: LoadFile, aid = PURSE_AID, groups: readonly Bytes[] = GROUPS): number {
  if (host.open() !== 0x9000) return 0x6300
  const commands = [
    ...(host.has(LISTED.loadFiles, file.packageAid)
      ? []
      : [installForLoad(fastCrypto, file), ...loadBlocks(file, 1000)]),
    ...(host.has(LISTED.programs, aid) ? [] : [installAndMakeSelectable(file.packageAid, aid)]),
    installForPersonalization(aid),
    ...groups.map((group, i) => storeData(group, i, i === groups.length - 1)),
  ]
  for (const command of commands) {
    const { statusWord } = host.send(command)
    if (statusWord !== 0x9000) return statusWord
  }
  return 0x9000
}
