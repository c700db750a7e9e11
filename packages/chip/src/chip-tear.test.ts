/** Power cut at every byte of everything that the card manager and a program store: before or after, nothing between. */
import { type Bytes, hex, unhex } from '@kozeni/base/bytes'
import { type CommandApdu, commandApdu } from '@kozeni/protocol/apdu'
import {
  CARD_STATE,
  deleteContent,
  deleteKeys,
  GP_TAG,
  getData,
  getStatus,
  installAndMakeSelectable,
  installForLoad,
  installForPersonalization,
  LISTED,
  loadBlocks,
  putKeys,
  setStatus,
  storeData,
} from '@kozeni/protocol/globalplatform'
import { PURSE_AID, PURSE_PACKAGE_AID, selectCommand } from '@kozeni/protocol/purse'
import { SECURITY_LEVEL } from '@kozeni/protocol/scp03'
import { beforeAll, expect, test } from 'vitest'
import { blank, CARD_KEYS, chipOf, fastCrypto, Host, install, released } from './install-for-tests-node.ts'
import { assembled, body } from './module-for-tests.ts'
import { NOTE, notebook } from './program-for-tests-node.ts'
import { type OpenRecordStore, openRecordStore } from './record-store.ts'
import { PowerLost } from './silicon.ts'
import type { MemorySilicon, Torn } from './silicon-memory.ts'
import { inPlace } from './store-in-place-for-tests.ts'

const TORN: readonly Torn[] = ['old', 'new', 'erased', 0x5a]
const NEXT_KEYS = { ...CARD_KEYS, mac: new Uint8Array(16).fill(9) }

let module: Bytes

beforeAll(async () => {
  module = await notebook()
})

function silently<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof PowerLost) return undefined
    throw error
  }
}

/** Through a channel of whichever keys the chip has. */
function managed(host: Host, commands: readonly CommandApdu[]): readonly number[] {
  if (host.open(SECURITY_LEVEL.bothSecret, CARD_KEYS, 1) !== 0x9000)
    expect(host.open(SECURITY_LEVEL.bothSecret, NEXT_KEYS, 2)).toBe(0x9000)
  return commands.map(command => host.send(command).statusWord)
}

const PAGES = [1, 2, 5]

/** All that anybody can see of a chip. */
function seen(silicon: MemorySilicon, openStore: OpenRecordStore): string {
  const host = new Host(chipOf(silicon, { openStore }))
  managed(host, []) // with keys that are whole
  const keys = hex(host.send(getData(GP_TAG.keyInformation)).data)
  const lists = [LISTED.domain, LISTED.programs, LISTED.loadFiles].map(listed => hex(host.send(getStatus(listed)).data))
  const greeting = host.plain(selectCommand(PURSE_AID))
  const page = (number: number): string => {
    const { data, statusWord } = host.plain(commandApdu(0x80, NOTE.read, number, 0))
    return `${statusWord} ${hex(data)}`
  }
  const pages = greeting.statusWord === 0x9000 ? PAGES.map(page) : []
  return JSON.stringify([keys, lists, hex(greeting.data), greeting.statusWord, pages])
}

interface Change {
  readonly before: (host: Host) => void
  readonly act: (host: Host) => void
}

const installed = (host: Host): void => {
  expect(install(host, released(module))).toBe(0x9000)
}
const loaded = (host: Host): void => load(host, released(module))
/** Small modules: their every byte is cut. All that they do is answer with a number, the version of their record. */
const small = (version: number) => released(assembled({ body: body(0x41, version, 0x0b) }))
const load = (host: Host, what: ReturnType<typeof released>): void =>
  void managed(host, [installForLoad(fastCrypto, what), ...loadBlocks(what, 1000)])
const write = (host: Host, data: string): void => {
  host.chip.powerOn()
  host.plain(selectCommand(PURSE_AID))
  host.plain(commandApdu(0x80, NOTE.write, 5, 0, unhex(data)))
}
const manage =
  (...commands: readonly CommandApdu[]) =>
  (host: Host): void =>
    void managed(host, commands)

const CHANGES: Readonly<Record<string, Change>> = {
  'a load file arrives': { before: () => {}, act: host => load(host, small(1)) },
  'a load file is replaced': {
    before: host => void install(host, small(1), PURSE_AID, []),
    act: host => load(host, small(2)),
  },
  'a program is installed': { before: loaded, act: manage(installAndMakeSelectable(PURSE_PACKAGE_AID, PURSE_AID)) },
  'a program is installed where another one was': {
    before: host => {
      installed(host)
      write(host, '0102030405')
      managed(host, [deleteContent(PURSE_AID)])
    },
    act: manage(installAndMakeSelectable(PURSE_PACKAGE_AID, PURSE_AID)),
  },
  'a program is given its data': {
    before: installed,
    act: manage(installForPersonalization(PURSE_AID), storeData(unhex('020003aabbcc'), 0, true)),
  },
  'a program writes a page': {
    before: host => {
      installed(host)
      for (const data of ['0102', '0103', '0203']) write(host, data)
    },
    act: host => write(host, '010203040506070809'),
  },
  'a program is deleted': {
    before: host => {
      installed(host)
      write(host, '0102030405')
    },
    act: manage(deleteContent(PURSE_AID)),
  },
  'a package is deleted with its program': { before: installed, act: manage(deleteContent(PURSE_PACKAGE_AID, true)) },
  'keys are added': { before: installed, act: manage(putKeys(fastCrypto, CARD_KEYS, NEXT_KEYS, 2)) },
  'keys are replaced': { before: installed, act: manage(putKeys(fastCrypto, CARD_KEYS, NEXT_KEYS, 2, 1)) },
  'keys are taken away': {
    before: manage(putKeys(fastCrypto, CARD_KEYS, NEXT_KEYS, 2)),
    act: host => {
      host.open(SECURITY_LEVEL.bothSecret, NEXT_KEYS, 2)
      host.send(deleteKeys(1))
    },
  },
  'a program is locked': { before: installed, act: manage(setStatus({ program: PURSE_AID }, 0x80)) },
  'the chip is locked': { before: installed, act: manage(setStatus('card', CARD_STATE.locked)) },
}

/** @returns what showed after a cut that was neither before nor after, or could not be completed by doing it again */
function wounds({ before, act }: Change, openStore: OpenRecordStore): { found: readonly string[]; cuts: number } {
  const start = blank()
  before(new Host(chipOf(start)))
  const old = seen(start.copy(), openStore)
  const whole = start.copy()
  act(new Host(chipOf(whole, { openStore })))
  const { bytes } = whole.wear
  const next = seen(whole, openStore)
  expect(next).not.toBe(old)
  const found: string[] = []
  for (let afterBytes = 0; afterBytes < bytes; afterBytes++) {
    for (const torn of TORN) {
      const silicon = start.copy()
      const at = `byte ${afterBytes} of ${bytes}, ${torn}`
      silicon.planCut({ afterBytes, torn })
      expect(silently(() => act(new Host(chipOf(silicon, { openStore }))) ?? 'finished')).toBeUndefined()
      silicon.powerOn()
      const stands = seen(silicon, openStore)
      if (stands !== old && stands !== next) found.push(`${at}: ${stands}`)
      if (stands === old) act(new Host(chipOf(silicon, { openStore })))
      if (seen(silicon, openStore) !== next) found.push(`${at}: cannot be completed`)
    }
  }
  return { found, cuts: bytes * TORN.length }
}

test.each(Object.entries(CHANGES))(
  'power cut at any byte while %s: as before or as after, and it can be done again',
  (_, change) => {
    expect(wounds(change, openRecordStore).found).toEqual([])
  },
  120_000,
)

test('the same run catches a chip that writes its pages in place', () => {
  const change = CHANGES['a program writes a page'] ?? expect.fail('listed')
  expect(wounds(change, inPlace).found).not.toEqual([])
})

test('a deletion that was cut off leaves nothing for the next program to find', () => {
  const { before, act } = CHANGES['a program is deleted'] ?? expect.fail('listed')
  const start = blank()
  before(new Host(chipOf(start)))
  for (let afterBytes = 0; ; afterBytes++) {
    const silicon = start.copy()
    silicon.planCut({ afterBytes, torn: 0x5a })
    const finished = silently(() => act(new Host(chipOf(silicon))) ?? 'finished')
    silicon.planCut(undefined)
    silicon.powerOn()
    const host = new Host(chipOf(silicon))
    managed(host, [deleteContent(PURSE_AID), installAndMakeSelectable(PURSE_PACKAGE_AID, PURSE_AID)])
    host.plain(selectCommand(PURSE_AID))
    for (const page of PAGES) expect(host.plain(commandApdu(0x80, NOTE.read, page, 0)).statusWord).toBe(0x6a88)
    if (finished !== undefined) return
  }
})
