/**
 * Chips as numbers: what a chip holds is a record of pages, and the real program in the real sandbox takes it from one
 * record to the next. Power fails before or after every page write; what a session keeps in memory is gone with it.
 */
import { assert } from '@kozeni/base/assert'
import { type Bytes, bigEndian, concat } from '@kozeni/base/bytes'
import type { PurseId } from '@kozeni/base/ids'
import type { RecordStore } from '@kozeni/chip/record-store'
import { Program, runnable } from '@kozeni/chip/sandbox'
import { PowerLost } from '@kozeni/chip/silicon'
import { STORE_PAGES } from '@kozeni/program/host'
import type { CommandApdu } from '@kozeni/protocol/apdu'
import { type Receipt, readReceipt } from '@kozeni/protocol/debit'
import { type Fenced, type Outcomes, seal, type ToChip, unseal } from '@kozeni/protocol/message'
import { GROUP, group, INS, identity, keySet, purseCommand } from '@kozeni/protocol/purse'
import { steadyDice } from './crypto.ts'
import { fallOfChip } from './falls.ts'
import { type Done, grown, type History, NO_HISTORY, spelledPast } from './history.ts'
import { Interner } from './interner.ts'
import { certifyPurse, crypto, DEVICE, EPOCH, JPY, keyOf, START_MS, vault } from './issuer.ts'

/** Pages by number. */
type Pages = readonly (Bytes | undefined)[]

interface Content {
  readonly purse: PurseId
  readonly pages: Pages
  readonly history: History
}

/** Pages, and what the program tells of them. */
interface Told {
  readonly spelled: string
  readonly fenced: Fenced
  readonly records: readonly Receipt[]
}

/** What a chip did with a command: its record afterwards, and the answer unless power failed first. */
export interface Ended {
  readonly record: number
  readonly answer: Bytes | undefined
}

/** All that a chip could tell about itself. */
export interface Facts extends Fenced {
  readonly purse: PurseId
  /** What it answers to the center, and to a fence. How it took the latest message matters to no decision. */
  readonly result: Outcomes
  readonly fenced: Fenced
  /** Debits and voids, the newest first; also those that its ring has forgotten. */
  readonly records: readonly Receipt[]
  /** Operations likewise. */
  readonly operations: readonly Done[]
}

/** Of the purses' keys: each chip has both, and is asked under the newest, which no floor shuts out. */
export const OLDER = 1
export const NEWEST = 2
export const KEY_VERSIONS = [OLDER, NEWEST] as const
/** Where the program keeps its records, and how many pages it has for them (program/src/assembly/pages.ts). */
const RECORD_PAGE = 6
const RECORD_PAGES = 21
const RING = 20
const OK = 0x9000
const SELECT_INS = 0xa4
const PAST_FENCE: ToChip = { type: 'fence', body: { epoch: 0 } }

export class Chips {
  readonly #records = new Interner<Content>()
  readonly #facts: Facts[] = []
  readonly #told = new Map<string, Told>()
  /** What has fallen on the way to a record. */
  readonly #fallen: (string | undefined)[] = []
  readonly #program: Program
  readonly #store = new CuttableStore()

  /** @param module  the purse program, real or weakened */
  constructor(module: Bytes) {
    const ready = runnable(module, crypto.sha256(module))
    assert(ready !== undefined, 'the program may run on a chip')
    this.#program = new Program(ready, { store: this.#store, crypto, dice: steadyDice })
  }

  /** A chip that is this purse, fresh from personalisation. @returns its record, and its public key */
  personalised(purse: PurseId): { readonly record: number; readonly publicKey: Bytes } {
    this.#store.open([])
    this.#group(GROUP.identity, identityOf(purse))
    for (const version of KEY_VERSIONS) {
      const keys = vault.purseKeys(version, purse)
      assert(keys !== undefined, `keys of version ${version}`)
      this.#group(GROUP.keys, keySet.write(keys))
    }
    const publicKey = this.#group(GROUP.makeKey)
    this.#group(GROUP.certificate, certifyPurse(purse, publicKey))
    this.#group(GROUP.activate)
    return { record: this.#reached(undefined, purse, this.#store.pages), publicKey }
  }

  purse(record: number): PurseId {
    return this.#records.value(record).purse
  }

  /**
   * One session: the last of these commands may be cut short at any page write.
   *
   * @returns the torn ends first, whole and answered the last
   */
  session(record: number, commands: readonly CommandApdu[]): readonly Ended[] {
    const { purse, pages } = this.#records.value(record)
    const done: Ended[] = []
    for (let writes = 1; ; writes++) {
      const answer = this.#run(pages, commands, writes)
      if (this.#store.pages.every((page, i) => page === pages[i]) && answer === undefined) continue
      done.push({ record: this.#reached(record, purse, this.#store.pages), answer })
      if (answer !== undefined) return done
    }
  }

  /** As session, with power to the end. */
  whole(record: number, commands: readonly CommandApdu[]): { readonly record: number; readonly answer: Bytes } {
    const { purse, pages } = this.#records.value(record)
    const answer = this.#run(pages, commands, Number.POSITIVE_INFINITY)
    assert(answer !== undefined, 'a chip with power answers')
    return { record: this.#reached(record, purse, this.#store.pages), answer }
  }

  /** Whether the chip answers under this version of its keys: its floor has not shut it out. */
  answersUnder(record: number, version: number): boolean {
    const { purse, pages } = this.#records.value(record)
    const answer = this.#run(pages, [this.sealed(purse, PAST_FENCE, version)], Number.POSITIVE_INFINITY)
    return answer !== undefined && answer.at(-2) === 0x90
  }

  /** What has fallen in a step that led to this record. @spec INV-MONO */
  fallen(record: number): string | undefined {
    return this.#fallen[record]
  }

  /** A message of the center as the command that brings it. */
  sealed(purse: PurseId, message: ToChip, version = NEWEST): CommandApdu {
    const keys = vault.purseKeys(version, purse)
    assert(keys !== undefined, 'the keys of the purse')
    return purseCommand(INS.message, seal(crypto, keys, purse, message))
  }

  /** What the chip would say of itself: it is asked by a fence from before its time, which changes nothing. */
  facts(record: number): Facts {
    return (this.#facts[record] ??= this.#ask(record))
  }

  #ask(record: number): Facts {
    const { purse, pages, history } = this.#records.value(record)
    const { fenced } = this.#tells(purse, pages)
    return { ...fenced, ...history, purse, result: withoutRing(fenced), fenced }
  }

  /** Asked once for each content of pages. */
  #tells(purse: PurseId, pages: Pages): Told {
    const spelled = pages.map(page => page && Buffer.from(page).toString('latin1')).join('|')
    const known = this.#told.get(spelled)
    if (known !== undefined) return known
    const answer = this.#run(pages, [this.sealed(purse, PAST_FENCE)], Number.POSITIVE_INFINITY)
    assert(
      answer !== undefined && this.#store.pages.every((page, i) => page === pages[i]),
      'a chip tells, and does nothing',
    )
    const keys = vault.purseKeys(NEWEST, purse)
    const said = keys && unseal(crypto, keys, purse, answer.slice(0, -2))
    assert(said?.type === 'fenced', 'a chip tells its ring')
    const fenced = { ...said.body, status: OK }
    const told = { spelled, fenced, records: recordsOf(pages, fenced.seq) }
    this.#told.set(spelled, told)
    return told
  }

  #run(pages: Pages, commands: readonly CommandApdu[], writes: number): Bytes | undefined {
    this.#store.open(pages)
    let answer: Bytes | undefined
    for (const [i, command] of commands.entries()) {
      this.#store.writesLeft = i === commands.length - 1 ? writes : Number.POSITIVE_INFINITY
      answer = this.#exchange(command)
      if (answer === undefined) return undefined
    }
    // a cut right behind the last write is a cut before the answer
    return this.#store.writesLeft > 0 ? answer : undefined
  }

  #exchange({ cla, ins, data }: CommandApdu): Bytes | undefined {
    try {
      if (ins === SELECT_INS) return this.#program.exchange('select', data)
      const input = concat(Uint8Array.of(cla, ins, 0, 0), bigEndian(data.length, 2), data)
      const answer = this.#program.exchange('process', input)
      assert(answer !== undefined, 'the program was not stopped')
      return answer
    } catch (error) {
      if (error instanceof PowerLost) return undefined
      throw error
    }
  }

  #group(tag: number, value: Bytes = new Uint8Array()): Bytes {
    const answer = this.#program.exchange('personalise', group(tag, value))
    const accepted = answer?.at(-2) === 0x90
    assert(answer !== undefined && accepted, `data group ${tag} is taken`)
    return answer.slice(0, -2)
  }

  #reached(from: number | undefined, purse: PurseId, pages: Pages): number {
    const { spelled, fenced, records } = this.#tells(purse, pages)
    const before = from === undefined ? NO_HISTORY : this.#records.value(from).history
    const history = grown(before, fenced, records)
    const to = this.#records.number(`${spelled}|${spelledPast(history)}`, () => ({ purse, pages, history }))
    if (from !== undefined && to !== from) this.#fallen[to] ??= fallOfChip(this.facts(from), this.facts(to))
    return to
  }
}

const identityOf = (purse: PurseId): Bytes =>
  identity.write({
    purse,
    device: DEVICE,
    currency: JPY,
    chipClass: 'hardware',
    epoch: EPOCH,
    time: Math.floor(START_MS / 1000),
    issuerKeyVersion: 1,
    issuerKey: vault.publicKey('certificates'),
    deviceKey: crypto.publicKey(keyOf(0)),
  })

function withoutRing(said: Fenced): Outcomes {
  const result: Outcomes & { ring?: Fenced['ring'] } = { ...said }
  delete result.ring
  return result
}

function recordsOf(pages: Pages, seq: number): readonly Receipt[] {
  const reach = Array.from({ length: Math.min(seq, RING) }, (_, back) => seq - back)
  return reach.map(each => {
    const page = pages[RECORD_PAGE + (each % RECORD_PAGES)]
    const signed = page && readReceipt(page)
    assert(signed?.receipt.seq === each, `record ${each} stands in its page`)
    return signed.receipt
  })
}

/** The chip's pages, and power for so many more writes of them. */
class CuttableStore implements RecordStore {
  writesLeft = Number.POSITIVE_INFINITY
  #pages: (Bytes | undefined)[] = []

  open(pages: Pages): void {
    this.#pages = [...pages]
    this.writesLeft = Number.POSITIVE_INFINITY
  }

  get pages(): Pages {
    return [...this.#pages]
  }

  read(page: number): Bytes | undefined {
    return this.#pages[page]
  }

  peek(page: number): Bytes | undefined {
    return this.#pages[page]
  }

  write(page: number, payload: Bytes): void {
    assert(page < STORE_PAGES, `page ${page}`)
    if (this.writesLeft === 0) throw new PowerLost()
    this.writesLeft--
    this.#pages[page] = payload
  }

  erase(): void {
    this.#pages = []
  }
}
