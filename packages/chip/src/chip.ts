/**
 * The chip: answers bytes with bytes for as long as it has power. Everything that outlives power is in its silicon; what
 * is here is gone with it. A chip whose memory is damaged says so for ever (C-8).
 * @spec C-1, C-5, C-8, ISO/IEC 7816-4
 */
import { type Bytes, equal } from '@kozeni/base/bytes'
import { type CommandApdu, encodeResponse, type ResponseApdu } from '@kozeni/protocol/apdu'
import { CARD_STATE, ISSUER_DOMAIN_AID, LOCKED } from '@kozeni/protocol/globalplatform'
import { ANSWER_TO_RESET } from './atr.ts'
import { CardManager } from './card-manager.ts'
import { isForged } from './foundry.ts'
import { startsWith } from './manager-answers.ts'
import { ManagerPages } from './manager-pages.ts'
import { DEFECT_AT, MANAGER_AREA } from './memory-map.ts'
import { answerOf, type ChipParts, openProgram } from './programs.ts'
import { Defective, openRecordStore } from './record-store.ts'
import { type Installed, named, type Registry } from './registry.ts'
import type { Program } from './sandbox.ts'
import { ERASED, PowerLost } from './silicon.ts'
import { refuse } from './status-word.ts'
import { Transport } from './transport.ts'

export type { ChipParts } from './programs.ts'

/**
 * How the chip is reached. Over radio anybody may come near: there it only offers its programs, which keep to themselves
 * who they are; the card manager, which tells the chip's name to whoever asks, is for the device that carries it (C-11).
 */
export type Way = 'wire' | 'radio'

/** The shortest beginning of a name by which a program can be selected. */
const AID_MIN = 5

export class Chip {
  readonly #parts: ChipParts
  #contact: Contact | undefined
  #powerUps = 0

  /** @param parts  silicon that a foundry has made a chip of, cryptography, dice; pages are the chip's own if not given */
  constructor(parts: Omit<ChipParts, 'openStore'> & Partial<Pick<ChipParts, 'openStore'>>) {
    this.#parts = { openStore: openRecordStore, ...parts }
  }

  /**
   * Gives power: nothing selected but the card manager, no channel, no program's memory.
   *
   * @returns the answer to reset, undefined when the silicon is no chip yet
   */
  powerOn(way: Way = 'wire'): Bytes | undefined {
    const { silicon } = this.#parts
    this.powerOff()
    this.#powerUps += 1
    silicon.powerOn()
    if (isForged(silicon)) this.#contact = new Contact(this.#parts, way)
    return this.answerToReset
  }

  /** How often it got power: a reader sees by it that its contact is over, and another's has begun. */
  get powerUps(): number {
    return this.#powerUps
  }

  /** What the chip said when it got power; undefined while it has none. */
  get answerToReset(): Bytes | undefined {
    return this.#contact && ANSWER_TO_RESET
  }

  powerOff(): void {
    this.#contact?.end()
    this.#contact = undefined
  }

  /**
   * One APDU, one answer. Defined for any bytes.
   *
   * @throws PowerLost when power is off, or goes while it works
   */
  process(apdu: Bytes): Bytes {
    const contact = this.#contact
    if (contact === undefined) throw new PowerLost('the chip is not powered')
    try {
      return contact.process(apdu)
    } catch (error) {
      if (error instanceof PowerLost) this.powerOff()
      if (!(error instanceof Defective)) throw error
      return this.#defective()
    }
  }

  /** Should power go in this very write, the damage that led here is still there to be found again. */
  #defective(): Bytes {
    this.#parts.silicon.write(DEFECT_AT, Uint8Array.of(0))
    return encodeResponse(refuse('defective'))
  }
}

/** From power to power: what is selected, and what it remembers. */
class Contact {
  readonly #parts: ChipParts
  readonly #pages: ManagerPages
  readonly #manager: CardManager
  readonly #transport = new Transport(command => this.#answer(command))
  readonly #way: Way
  /** The selected program; the card manager when there is none, if it can be reached. */
  #program: Program | undefined

  constructor(parts: ChipParts, way: Way) {
    this.#parts = parts
    this.#way = way
    this.#pages = new ManagerPages(parts.openStore(parts.silicon, MANAGER_AREA))
    this.#manager = new CardManager(parts, this.#pages)
  }

  process(apdu: Bytes): Bytes {
    if (this.#parts.silicon.read(DEFECT_AT, 1)[0] !== ERASED) return encodeResponse(refuse('defective'))
    return this.#transport.process(apdu)
  }

  #answer(command: CommandApdu): ResponseApdu {
    const { cla, ins, p1 } = command
    if (cla === 0x00 && ins === 0xa4) return p1 === 0x04 ? this.#select(command) : refuse('parametersWrong')
    if (this.#program === undefined)
      return this.#way === 'wire' ? this.#manager.process(command) : refuse('conditionsWrong')
    if (cla === 0x04) return refuse('secureMessagingNone') // no program opens a channel
    return answerOf(this.#program.exchange('process', headerOf(command), command.data))
  }

  /** By name, whole or its beginning; what was selected stays so when nothing has that name. */
  #select({ p2, data }: CommandApdu): ResponseApdu {
    if (p2 !== 0x00 && p2 !== 0x0c) return refuse('parametersWrong')
    const { registry } = this.#pages
    const program = selectable(registry, data)
    if (program === undefined)
      return this.#way === 'wire' && meansDomain(data) ? this.#selectDomain() : refuse('nothingSelected')
    this.#manager.reset()
    this.end()
    this.#program = openProgram(this.#parts, registry, program)
    return answerOf(this.#program.exchange('select'))
  }

  /** A program's memory goes with the contact, and when another is selected. */
  end(): void {
    this.#program?.reset()
    this.#program = undefined
  }

  #selectDomain(): ResponseApdu {
    this.end()
    return this.#manager.select()
  }
}

const meansDomain = (name: Bytes): boolean =>
  name.length === 0 || (name.length >= AID_MIN && startsWith(ISSUER_DOMAIN_AID, name))

/** The program that a name means; none on a locked or terminated chip. */
function selectable({ state, programs }: Registry, name: Bytes): Installed | undefined {
  if (state === CARD_STATE.locked || state === CARD_STATE.terminated || equal(name, ISSUER_DOMAIN_AID)) return undefined
  const open = programs.filter(program => (program.state & LOCKED) === 0)
  if (name.length < AID_MIN) return undefined
  return named(open, name) ?? open.find(({ aid }) => startsWith(aid, name))
}

/** What a program gets before the data: header, and Lc as two bytes, one form for every case (host.ts). */
const headerOf = ({ cla, ins, p1, p2, data }: CommandApdu): Bytes =>
  Uint8Array.of(cla, ins, p1, p2, data.length >> 8, data.length)
