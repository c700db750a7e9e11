/**
 * What may be on the chip, and how it gets there and goes: INSTALL, LOAD, STORE DATA, DELETE, SET STATUS. Every change is one
 * write of the registry; what has to be prepared or wiped lies where the registry does not point.
 * @spec C-5, P-2, GlobalPlatform Card Specification 2.3.1 §9, §11
 */
import { type Bytes, equal, NO_BYTES } from '@kozeni/base/bytes'
import type { CommandApdu, ResponseApdu } from '@kozeni/protocol/apdu'
import { CARD_STATE, INSTALL_FOR, ISSUER_DOMAIN_AID, LOCKED, PROGRAM_STATE } from '@kozeni/protocol/globalplatform'
import { moduleAid } from '@kozeni/protocol/loadfile'
import { Loading } from './loading.ts'
import type { ManagerPages } from './manager-pages.ts'
import { answerOf, type ChipParts, isRemovable, openProgram, storeOf } from './programs.ts'
import {
  freeRegion,
  freeStore,
  type Installed,
  type LoadedFile,
  madeFrom,
  named,
  type Registry,
  without,
} from './registry.ts'
import type { Program } from './sandbox.ts'
import { done, refuse } from './status-word.ts'

/** A confirmation that there is none: what GlobalPlatform wants after INSTALL, LOAD and DELETE. */
const CONFIRMED = Uint8Array.of(0)

const AID_MIN = 5
const AID_MAX = 16
const LAST = 0x80

export class Content {
  readonly #parts: ChipParts
  readonly #pages: ManagerPages
  #loading: Loading | undefined
  #personalising: Program | undefined

  constructor(parts: ChipParts, pages: ManagerPages) {
    this.#parts = parts
    this.#pages = pages
  }

  /** Forgets what was going on, as the end of a channel does. */
  reset(): void {
    this.#loading = undefined
    this.#endPersonalising()
  }

  /** Its machine is free for the next program. */
  #endPersonalising(): void {
    this.#personalising?.reset()
    this.#personalising = undefined
  }

  /** INSTALL, for each of its purposes. */
  install({ p1, p2, data }: CommandApdu): ResponseApdu {
    this.reset()
    if (p2 !== 0) return refuse('parametersWrong')
    switch (p1) {
      case INSTALL_FOR.load:
        return this.#forLoad(installFields(data, 5))
      case INSTALL_FOR.installAndSelect:
        return this.#forInstall(installFields(data, 6))
      case INSTALL_FOR.personalization:
        return this.#forPersonalization(installFields(data, 6))
      default:
        return refuse('parametersWrong')
    }
  }

  /** One block of a load file; the last makes it exist, or takes the place of an older one. */
  load({ p1, p2, data }: CommandApdu): ResponseApdu {
    const loading = this.#loading
    if (loading === undefined) return refuse('conditionsWrong')
    this.#loading = undefined // whatever fails ends the load
    if (p1 !== 0 && p1 !== LAST) return refuse('parametersWrong')
    const failure = loading.take(p2, data)
    if (failure !== undefined) return refuse(failure)
    if (p1 === LAST) return this.#loaded(loading.finish(this.#pages.identity.loadKey))
    this.#loading = loading
    return done(CONFIRMED)
  }

  /** One data group for the program under personalisation. */
  storeData({ p1, data }: CommandApdu): ResponseApdu {
    if (this.#personalising === undefined) return refuse('conditionsWrong')
    const answer = answerOf(this.#personalising.exchange('personalise', data))
    if ((p1 & LAST) !== 0) this.#endPersonalising()
    return answer
  }

  /** DELETE of a program, or of a load file; `related`: with its programs. */
  delete(aid: Bytes, related: boolean): ResponseApdu {
    this.reset()
    const { registry } = this.#pages
    const program = named(registry.programs, aid)
    if (program !== undefined) return this.#remove(registry, [program], NO_BYTES)
    if (named(registry.loadFiles, aid) === undefined) return refuse('notFound')
    const made = madeFrom(registry, aid)
    return made.length > 0 && !related ? refuse('conditionsWrong') : this.#remove(registry, made, aid)
  }

  /** SET STATUS of a program: locks it, or lets it be selected again. */
  setProgramState(aid: Bytes, state: number): ResponseApdu {
    const { registry } = this.#pages
    const program = named(registry.programs, aid)
    if (program === undefined) return refuse('notFound')
    if ((state & ~LOCKED) !== PROGRAM_STATE.selectable && state !== LOCKED) return refuse('dataWrong')
    const changed = { ...program, state: PROGRAM_STATE.selectable | (state & LOCKED) }
    this.#pages.registry = { ...registry, programs: registry.programs.map(one => (one === program ? changed : one)) }
    return done()
  }

  /** SET STATUS of the chip. Its life goes forward only, but for the lock; it does not end while a program holds value. */
  setCardState(state: number): ResponseApdu {
    const { registry } = this.#pages
    if (!mayFollow(registry.state, state)) return refuse('conditionsWrong')
    const ends = state === CARD_STATE.terminated
    if (ends && !registry.programs.every(program => isRemovable(this.#parts, registry, program)))
      return refuse('conditionsWrong')
    this.#pages.registry = { ...registry, state }
    return done()
  }

  #forLoad(fields: readonly Bytes[] | undefined): ResponseApdu {
    const [packageAid, domain, hash, , token] = fields ?? []
    if (packageAid === undefined || domain === undefined || hash === undefined || token?.length !== 0)
      return refuse('dataWrong')
    if (domain.length > 0 && !equal(domain, ISSUER_DOMAIN_AID)) return refuse('notFound')
    if (hash.length !== 0 && hash.length !== 32) return refuse('dataWrong')
    const { registry } = this.#pages
    // room for the module's name, which is one byte longer
    if (packageAid.length < AID_MIN || packageAid.length >= AID_MAX) return refuse('dataWrong')
    if (isProgramOrDomain(registry, packageAid)) return refuse('conditionsWrong')
    const region = freeRegion(registry)
    if (region === undefined) return refuse('memoryFull')
    this.#loading = new Loading(this.#parts, { packageAid, hash, region })
    return done(CONFIRMED)
  }

  /** A newer file of a package takes the old one's place in one write, and its programs keep their stores (C-5). */
  #loaded(file: ReturnType<Loading['finish']>): ResponseApdu {
    if (typeof file === 'string') return refuse(file)
    const { registry } = this.#pages
    const older = named(registry.loadFiles, file.aid)
    if (older !== undefined && file.version < older.version) return refuse('conditionsWrong')
    this.#pages.registry = { ...registry, loadFiles: [...without(registry.loadFiles, file.aid), file] }
    return done(CONFIRMED)
  }

  #forInstall(fields: readonly Bytes[] | undefined): ResponseApdu {
    const [packageAid, module, aid, privileges, , token] = fields ?? []
    if (packageAid === undefined || module === undefined || aid === undefined || token?.length !== 0)
      return refuse('dataWrong')
    if (!privileges?.every(privilege => privilege === 0)) return refuse('dataWrong')
    const { registry } = this.#pages
    const file = named(registry.loadFiles, packageAid)
    if (file === undefined || !equal(module, moduleAid(packageAid))) return refuse('notFound')
    if (aid.length < AID_MIN || aid.length > AID_MAX) return refuse('dataWrong')
    if (isProgramOrDomain(registry, aid) || named(registry.loadFiles, aid) !== undefined)
      return refuse('conditionsWrong')
    return this.#installed(registry, file, aid)
  }

  #installed(registry: Registry, { aid: packageAid }: LoadedFile, aid: Bytes): ResponseApdu {
    const store = freeStore(registry)
    if (store === undefined) return refuse('memoryFull')
    storeOf(this.#parts, store).erase() // nobody's yet: a new program never sees another's pages
    const program: Installed = { aid, packageAid, store, state: PROGRAM_STATE.selectable }
    this.#pages.registry = { ...registry, programs: [...registry.programs, program] }
    return done(CONFIRMED)
  }

  #forPersonalization(fields: readonly Bytes[] | undefined): ResponseApdu {
    const aid = fields?.[2]
    if (aid === undefined) return refuse('dataWrong')
    const { registry } = this.#pages
    const program = named(registry.programs, aid)
    if (program === undefined) return refuse('notFound')
    if ((program.state & LOCKED) !== 0) return refuse('conditionsWrong')
    this.#personalising = openProgram(this.#parts, registry, program)
    return done(CONFIRMED)
  }

  /** Gone with the registry's one write; only then wiped, since half a store must never be anybody's. */
  #remove(registry: Registry, programs: readonly Installed[], packageAid: Bytes): ResponseApdu {
    if (!programs.every(program => isRemovable(this.#parts, registry, program))) return refuse('conditionsWrong')
    this.#pages.registry = {
      ...registry,
      programs: registry.programs.filter(program => !programs.includes(program)),
      loadFiles: without(registry.loadFiles, packageAid),
    }
    for (const { store } of programs) storeOf(this.#parts, store).erase()
    return done(CONFIRMED)
  }
}

const isProgramOrDomain = ({ programs }: Registry, aid: Bytes): boolean =>
  named(programs, aid) !== undefined || equal(aid, ISSUER_DOMAIN_AID)

/** @spec GlobalPlatform Card Specification 2.3.1 §5.1.2 */
function mayFollow(now: number, next: number): boolean {
  const { opReady, initialized, secured, locked, terminated } = CARD_STATE
  const ways: ReadonlyMap<number, readonly number[]> = new Map([
    [opReady, [initialized, terminated]],
    [initialized, [secured, terminated]],
    [secured, [locked, terminated]],
    [locked, [secured, terminated]],
  ])
  return ways.get(now)?.includes(next) ?? false
}

/** INSTALL's fields, each with its length before it; undefined unless there are exactly `count`. */
function installFields(data: Bytes, count: number): readonly Bytes[] | undefined {
  const fields: Bytes[] = []
  let at = 0
  while (at < data.length) {
    const end = at + 1 + (data[at] ?? 0)
    if (end > data.length) return undefined
    fields.push(data.slice(at + 1, end))
    at = end
  }
  return fields.length === count ? fields : undefined
}
