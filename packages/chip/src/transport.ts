/**
 * ISO/IEC 7816-4 between bytes and commands: short and extended lengths, chained commands, answers that are fetched in
 * pieces. Answers everything, also what is no command. Knows neither programs nor keys.
 */
import { type Bytes, concat, NO_BYTES } from '@kozeni/base/bytes'
import { type CommandApdu, decodeCommand, encodeResponse, type ResponseApdu } from '@kozeni/protocol/apdu'
import { done, refuse, SW } from './status-word.ts'

/** The most data of one command, chained or not: a program's buffer less the header (host.ts). */
export const COMMAND_DATA_MAX = 2042

const GET_RESPONSE = 0xc0
const CHAINED = 0x10
const SECURE_MESSAGING = 0x0c
/** By a secure channel of GlobalPlatform's. */
const SECURED = 0x04
const CHANNEL = 0x03
const FURTHER_CHANNELS = 0x40
const UNDEFINED = 0x20
/** Le as it reads when it says "as much as there is". */
const ALL_SHORT = 256
const ALL_EXTENDED = 65_536

export class Transport {
  readonly #answer: (command: CommandApdu) => ResponseApdu
  #chain: CommandApdu | undefined
  /** What is left of an answer. */
  #rest: ResponseApdu | undefined

  constructor(answer: (command: CommandApdu) => ResponseApdu) {
    this.#answer = answer
  }

  process(bytes: Bytes): Bytes {
    const command = decodeCommand(bytes)
    return encodeResponse(command === undefined ? this.#wrong() : this.#take(command))
  }

  #wrong(): ResponseApdu {
    this.#chain = undefined
    this.#rest = undefined
    return refuse('lengthWrong')
  }

  #take(command: CommandApdu): ResponseApdu {
    if ((command.cla & 0x7f) === 0 && command.ins === GET_RESPONSE) return this.#more(command.expected)
    this.#rest = undefined
    const whole = this.#chained(command)
    if (!('ins' in whole)) return whole
    return this.#piece(this.#answer(whole), command.expected)
  }

  /** @returns the whole command; or an answer, when it is not whole yet or is none for this chip */
  #chained(command: CommandApdu): CommandApdu | ResponseApdu {
    const chain = this.#chain
    this.#chain = undefined
    const objection = objectionTo(command)
    if (objection !== undefined) return refuse(objection)
    if (chain !== undefined && !sameHeader(chain, command)) return refuse('chainBroken')
    const data = chain === undefined ? command.data : concat(chain.data, command.data)
    if (data.length > COMMAND_DATA_MAX) return refuse('lengthWrong')
    const whole = { ...command, cla: command.cla & ~CHAINED, data }
    if ((command.cla & CHAINED) === 0) return whole
    this.#chain = whole
    return done()
  }

  /** As much of an answer as was asked for. Nothing runs twice for want of room: the rest is fetched. */
  #piece(answer: ResponseApdu, expected: number): ResponseApdu {
    if (answer.data.length <= expected) return answer
    this.#rest = { ...answer, data: answer.data.slice(expected) }
    return { data: answer.data.slice(0, expected), statusWord: SW.moreBytes | sizeByte(this.#rest.data.length) }
  }

  #more(expected: number): ResponseApdu {
    const rest = this.#rest
    if (rest === undefined) return refuse('conditionsWrong')
    const all = expected === ALL_SHORT || expected === ALL_EXTENDED
    if (!all && expected > rest.data.length)
      return { data: NO_BYTES, statusWord: SW.wrongLe | sizeByte(rest.data.length) }
    this.#rest = undefined
    return this.#piece(rest, expected)
  }
}

/** How many bytes wait, as far as one byte can say; 00: as many as fit, or more. */
const sizeByte = (size: number): number => (size > 0xff ? 0 : size)

const sameHeader = (chain: CommandApdu, { cla, ins, p1, p2 }: CommandApdu): boolean =>
  chain.cla === (cla & ~CHAINED) && chain.ins === ins && chain.p1 === p1 && chain.p2 === p2

/** Why a class byte is none for this chip. @spec ISO/IEC 7816-4 §5.4.1 */
function objectionTo({ cla }: CommandApdu): Exclude<keyof typeof SW, 'done'> | undefined {
  if (cla === 0xff) return 'classUnknown'
  if ((cla & FURTHER_CHANNELS) !== 0 || (cla & CHANNEL) !== 0) return 'channelNone'
  if ((cla & UNDEFINED) !== 0) return 'classUnknown'
  const messaging = cla & SECURE_MESSAGING
  if (messaging !== 0 && messaging !== SECURED) return 'secureMessagingNone'
  return messaging !== 0 && (cla & CHAINED) !== 0 ? 'chainingNone' : undefined
}
