import { money } from '@kozeni/base/money'
import { ok } from '@kozeni/base/result'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { receipt } from '@kozeni/protocol/debit'
import { INS } from '@kozeni/protocol/purse'
import type { RefusalCode } from '@kozeni/protocol/refusal'
import { expect, test } from 'vitest'
import type { ChipForTests, Fault } from './chip-for-tests.ts'
import { CounterForTests, GENEROUS, JPY, START_SECONDS, TERMINAL } from './counter-for-tests.ts'
import type { Screen } from './tap.ts'
import { Terminal } from './terminal.ts'

/** The faults of one contact: SELECT, INTRODUCE, DEBIT or VOID. */
const TORN_DEBIT: readonly Fault[] = ['none', 'none', 'answer-lost']
const LOST_DEBIT: readonly Fault[] = ['none', 'none', 'command-lost']

/** One counter's sale that nobody waits for longer than one tap. */
const once = (chip: ChipForTests, faults: readonly Fault[] = []) => ({ reader: chip.reader(faults), waitMs: 1 })

async function stand(): Promise<{ counter: CounterForTests; terminal: Terminal; chip: ChipForTests }> {
  const counter = new CounterForTests(nodeCrypto)
  return { counter, terminal: await counter.start(), chip: counter.chip(1, 1000n) }
}

test('a sale is paid when the receipt is durable, and the chip has given exactly its amount', async () => {
  const { terminal, chip } = await stand()
  const sold = await terminal.sell(money(300n), once(chip))
  expect(sold).toMatchObject({ value: { outcome: 'done', sale: 1, amount: 300n, purse: chip.purse } })
  expect(terminal.sale(1)?.stage).toBe('paid')
  expect(chip.value).toBe(700n)
})

test('a tap torn after the debit is paid by a second tap, also after a restart, and the chip gives once', async () => {
  const { counter, terminal, chip } = await stand()
  expect(await terminal.sell(money(300n), once(chip, TORN_DEBIT))).toMatchObject({ value: { outcome: 'unresolved' } })
  const restarted = await counter.open()
  expect(restarted.status().unresolved).toHaveLength(1)
  expect(await restarted.retry(once(chip))).toMatchObject({ value: { outcome: 'done', sale: 1 } })
  expect(chip.value).toBe(700n)
})

test('within one sale the second tap of a torn one is enough', async () => {
  const { terminal, chip } = await stand()
  const reader = chip.reader([...LOST_DEBIT, ...TORN_DEBIT])
  expect(await terminal.sell(money(300n), { reader, waitMs: 30_000 })).toMatchObject({ value: { outcome: 'done' } })
  expect(chip.value).toBe(700n)
})

test('however short its patience, a sale looks for a chip once', async () => {
  const { terminal, chip } = await stand()
  const counter = { reader: chip.reader(), waitMs: 0 }
  expect(await terminal.sell(money(300n), counter)).toMatchObject({ value: { outcome: 'done' } })
})

test('after the last screen no chip is listened to: a second tap takes nothing (a second tap after “received” silently swallowed money)', async () => {
  const { terminal, chip } = await stand()
  const reader = chip.reader()
  await terminal.sell(money(300n), { reader, waitMs: 30_000 })
  const { contacts } = reader
  expect(contacts).toBe(1)
  expect(await reader.transmit(Uint8Array.of(0, INS.debit, 0, 0))).toBeUndefined()
  expect(await terminal.retry({ reader, waitMs: 30_000 }, 1)).toMatchObject({ refusal: { code: 'sale-final' } })
  expect(reader.contacts).toBe(contacts)
  expect(chip.value).toBe(700n)
})

test('no time-out of the terminal says “not paid”: once a chip was asked, every screen says that it may have been taken', async () => {
  for (const faults of [TORN_DEBIT, LOST_DEBIT]) {
    const { terminal, chip } = await stand()
    const screens: Screen[] = []
    const gone: readonly Fault[] = Array.from({ length: 100 }, () => 'command-lost')
    const counter = { reader: chip.reader([...faults, ...gone]), waitMs: 5000, show: (s: Screen) => screens.push(s) }
    expect(await terminal.sell(money(300n), counter)).toMatchObject({ value: { outcome: 'unresolved' } })
    const asked = screens.slice(1).map(s => (s.screen === 'ended' ? s.outcome.outcome : s.screen))
    expect(new Set(asked)).toEqual(new Set(['tap-again', 'unresolved']))
    expect(terminal.sale(1)?.stage).toBe('unresolved')
  }
})

test('nobody tapped, or the chip left before it was asked: the sale is abandoned, and nothing was taken', async () => {
  const { terminal, chip } = await stand()
  const nobody = { ...chip.reader(), connect: async () => false }
  for (const reader of [nobody, chip.reader(['command-lost']), chip.reader(['none', 'answer-lost'])]) {
    const outcome = await terminal.sell(money(300n), { reader, waitMs: 1 })
    expect(outcome).toMatchObject({ value: { outcome: 'abandoned' } })
  }
  expect(chip.value).toBe(1000n)
})

test('what the chip refuses ends the sale, and nothing was taken', async () => {
  for (const code of ['debit-too-large', 'online-required', 'purse-blocked', 'counter-exhausted'] as const) {
    const { terminal, chip } = await stand()
    chip.refuses = code
    expect(await terminal.sell(money(300n), once(chip))).toMatchObject({ value: { outcome: 'refused', why: { code } } })
    expect(terminal.sale(1)).toMatchObject({ stage: 'refused', refusedFor: code })
  }
  const { terminal, chip } = await stand()
  expect(await terminal.sell(money(1001n), once(chip))).toMatchObject({ value: { why: { code: 'balance-too-low' } } })
  expect(chip.value).toBe(1000n)
})

test('a debit that the chip refused stays signed: one that a relay has it make later is found, shown and not the store’s', async () => {
  const { counter, terminal, chip } = await stand()
  chip.refuses = 'purse-blocked'
  await terminal.sell(money(300n), once(chip))
  chip.refuses = undefined
  const { asked } = terminal.sale(1) ?? {}
  if (asked === undefined) throw new Error('the chip was asked')
  chip.payElsewhere(asked.request)
  expect(await terminal.sell(money(10n), once(chip))).toMatchObject({ value: { outcome: 'done', sale: 2 } })
  await terminal.upload()
  expect(terminal.sale(1)).toMatchObject({ stage: 'refused', told: { final: false } })
  expect(counter.center.owed).toBe(10n)
})

test('what only the holder can lift keeps the sale’s one request: PIN typed, the same request is taken', async () => {
  const { terminal, chip } = await stand()
  chip.refuses = 'pin-required'
  expect(await terminal.sell(money(300n), once(chip))).toMatchObject({
    value: { outcome: 'unresolved', why: { code: 'pin-required' } },
  })
  const asked = terminal.sale(1)?.asked?.bytes
  chip.refuses = undefined
  expect(await terminal.retry(once(chip))).toMatchObject({ value: { outcome: 'done' } })
  expect(terminal.sale(1)?.asked?.bytes).toEqual(asked)
})

test('while a sale is unresolved no other begins, and another chip is not asked for it', async () => {
  const { counter, terminal, chip } = await stand()
  const other = counter.chip(2, 1000n)
  await terminal.sell(money(300n), once(chip, TORN_DEBIT))
  expect(await terminal.sell(money(10n), once(other))).toMatchObject({ refusal: { code: 'sale-unresolved' } })
  expect(await terminal.retry(once(other))).toMatchObject({
    value: { outcome: 'unresolved', why: { code: 'chip-differs' } },
  })
  expect(other.value).toBe(1000n)
})

test('a sale marked not given is final: no later tap makes it given, and the next sale may begin', async () => {
  const { counter, terminal, chip } = await stand()
  await terminal.sell(money(300n), once(chip, TORN_DEBIT))
  expect(await terminal.markNotGiven(1)).toMatchObject({ value: { stage: 'not-given' } })
  const restarted = await counter.open()
  expect(await restarted.retry(once(chip), 1)).toMatchObject({ refusal: { code: 'sale-final' } })
  expect(await restarted.sell(money(10n), once(chip))).toMatchObject({ value: { outcome: 'done', sale: 2 } })
  expect(restarted.sale(1)?.stage).toBe('not-given')
  expect(await restarted.markNotGiven(2)).toMatchObject({ refusal: { code: 'sale-final' } })
})

/** So many records of another terminal. */
function payElsewhere(chip: ChipForTests, count: number): void {
  for (let i = 0; i < count; i++) {
    const head = { version: 1, type: 'debit-request', direction: 'to-chip', purse: chip.purse, keyVersion: 0 } as const
    const sale = { seq: chip.seq, amount: money(1n), currency: JPY, terminal: TERMINAL, sale: 1000 + chip.seq, time: 1 }
    chip.payElsewhere({ ...head, ...sale })
  }
}

test('a chip that has moved on within its ring proves that it never happened; the sale may be offered anew', async () => {
  const { terminal, chip } = await stand()
  await terminal.sell(money(300n), once(chip, LOST_DEBIT))
  payElsewhere(chip, 20)
  expect(await terminal.retry(once(chip))).toMatchObject({ value: { outcome: 'never-happened' } })
  expect(chip.value).toBe(980n)
  expect(await terminal.retry(once(chip))).toMatchObject({ value: { outcome: 'done', sale: 1 } })
  expect(chip.value).toBe(680n)
})

test('beyond the ring’s reach nothing is proved, and the sale stays unresolved for the clerk and the center', async () => {
  for (const faults of [LOST_DEBIT, TORN_DEBIT]) {
    const { terminal, chip } = await stand()
    await terminal.sell(money(300n), once(chip, faults))
    payElsewhere(chip, 21)
    expect(await terminal.retry(once(chip))).toMatchObject({
      value: { outcome: 'unresolved', why: { code: 'moved-on' } },
    })
  }
})

test('a chip that counts from before its last sale here is a copy, and gets nothing (C-9)', async () => {
  const { counter, terminal, chip } = await stand()
  await terminal.sell(money(300n), once(chip))
  const copy = counter.chip(1, 1000n)
  expect(await terminal.sell(money(300n), once(copy))).toMatchObject({ value: { why: { code: 'seq-fell' } } })
  expect(copy.seq).toBe(0)
})

test('a receipt whose signature is not the chip’s, or that is for another sale, is none', async () => {
  for (const at of [20, receipt.size + 5]) {
    const { terminal, chip } = await stand()
    const reader = chip.reader()
    const transmit = async (command: Uint8Array) => {
      const answer = await reader.transmit(command)
      return command[1] === INS.debit ? answer?.map((byte, i) => (i === at ? byte ^ 1 : byte)) : answer
    }
    expect(await terminal.sell(money(300n), { reader: { ...reader, transmit }, waitMs: 1 })).toMatchObject({
      value: { outcome: 'unresolved', why: { code: 'receipt-wrong' } },
    })
    expect(terminal.sale(1)?.stage).toBe('unresolved')
  }
})

test('certificate, list and limits are judged before the chip is asked', async () => {
  const { counter, terminal } = await stand()
  const why = async (chip: ChipForTests, amount: bigint): Promise<RefusalCode | undefined> => {
    const sold = await terminal.sell(money(amount), once(chip))
    return sold.ok ? sold.value.why?.code : sold.refusal.code
  }
  counter.say({
    limits: { ...GENEROUS, perSale: '400', perPurse: '600', unuploaded: '900' },
    hotlist: {
      version: 2,
      since: 0,
      at: new Date(START_SECONDS * 1000).toISOString(),
      entries: [{ subject: 'purse', purse: counter.chip(3, 0n).purse, listed: true }],
    },
  })
  await terminal.upload()
  const chip = counter.chip(1, 10_000n)
  expect(await why(counter.chip(2, 1000n, { expires: START_SECONDS }), 1n)).toBe('certificate-expired')
  expect(await why(counter.chip(3, 1000n), 1n)).toBe('purse-listed')
  expect(await why(chip, 401n)).toBe('sale-too-large')
  expect(await why(counter.chip(4, 1000n, { chipClass: 'software' }), 201n)).toBe('sale-too-large')
  expect(await why(chip, 400n)).toBeUndefined()
  expect(await why(chip, 201n)).toBe('purse-cap-reached')
  expect(await why(chip, 200n)).toBeUndefined()
  expect(await why(counter.chip(5, 1000n), 301n)).toBe('upload-due')
  await terminal.upload()
  expect(await why(chip, 201n)).toBeUndefined()
})

test('a terminal that was alone for too long, or whose clock is in doubt, stops selling until it has uploaded', async () => {
  const { counter, terminal, chip } = await stand()
  const sell = () => terminal.sell(money(1n), once(chip))
  counter.clock.advance((GENEROUS.maxOfflineSeconds + 1) * 1000)
  expect(await sell()).toMatchObject({ refusal: { code: 'offline-too-long' } })
  counter.say({ hotlist: { ...counter.center.says.hotlist, at: new Date(counter.clock.now()).toISOString() } })
  await terminal.upload()
  expect(terminal.status().stopped).toBeUndefined()
  counter.clock.advance(-3_600_000)
  expect(await sell()).toMatchObject({ refusal: { code: 'clock-doubted' } })
  await terminal.upload()
  expect(await sell()).toMatchObject({ refusal: { code: 'clock-doubted' } })
  counter.say({})
  await terminal.upload()
  expect(terminal.status().stopped).toBeUndefined()
})

test('an old list stops the selling even when uploads go through', async () => {
  const { counter, terminal, chip } = await stand()
  counter.clock.advance((GENEROUS.hotlistAgeSeconds + 1) * 1000)
  counter.say({})
  await terminal.upload()
  expect(await terminal.sell(money(1n), once(chip))).toMatchObject({ refusal: { code: 'hotlist-too-old' } })
})

test('a list that the issuer did not sign as a whole is not taken', async () => {
  const { counter, terminal } = await stand()
  const { hotlist } = counter.center.says
  for (const signature of ['', counter.center.says.certificate.slice(-86)]) {
    const standing = async () => ok({ ...counter.center.says, hotlist: { ...hotlist, version: 2, signature } })
    const { deliver, mail, contact } = counter.center
    const center = { deliver: deliver.bind(counter.center), mail: mail.bind(counter.center), standing, contact }
    const { crypto, clock, key, journal } = counter
    const misled = await Terminal.open({ crypto, clock, key, journal, center })
    expect(misled.ok && (await misled.value.upload())).toMatchObject({ refusal: { facts: { field: 'hotlist' } } })
  }
  expect(terminal.status().hotlistVersion).toBe(1)
})

test('an older list is passed over, however well signed: a purse that was listed stays listed', async () => {
  const { counter, terminal, chip } = await stand()
  const { hotlist } = counter.center.says
  const listed = [{ subject: 'purse' as const, purse: chip.purse, listed: true }]
  counter.say({ hotlist: { ...hotlist, version: 3, entries: listed } })
  await terminal.upload()
  counter.clock.advance(1000)
  counter.say({ hotlist: { ...hotlist, version: 2, at: new Date(counter.clock.now()).toISOString(), entries: [] } })
  expect(await terminal.upload()).toMatchObject({ value: { hotlistVersion: 3 } })
  expect(await terminal.sell(money(1n), once(chip))).toMatchObject({ value: { why: { code: 'purse-listed' } } })
})

test('a terminal without certificate sells nothing, and one with another’s takes none', async () => {
  const counter = new CounterForTests(nodeCrypto)
  const terminal = await counter.open()
  const chip = counter.chip(1, 1000n)
  expect(await terminal.sell(money(1n), once(chip))).toMatchObject({ refusal: { code: 'terminal-not-certified' } })
  counter.say({ certificate: new CounterForTests(nodeCrypto).center.says.certificate.replace(/^..../, 'AQEB') })
  expect(await terminal.upload()).toMatchObject({ refusal: { code: 'center-garbled' } })
})

test('the last debit is voided at its chip, and the pair travels to the center together, worth nothing', async () => {
  const { counter, terminal, chip } = await stand()
  await terminal.sell(money(300n), once(chip))
  expect(await terminal.voidLast(once(chip, TORN_DEBIT))).toMatchObject({ value: { outcome: 'unresolved' } })
  await terminal.upload()
  expect(counter.center.uploads.at(-1)?.receipts).toEqual([])
  expect(await terminal.retry(once(chip))).toMatchObject({ value: { outcome: 'done', deed: 'void' } })
  expect(chip.value).toBe(1000n)
  await terminal.upload()
  expect(counter.center.uploads.at(-1)?.receipts).toHaveLength(2)
  expect(counter.center.owed).toBe(0n)
  expect(await terminal.voidLast(once(chip))).toMatchObject({ refusal: { code: 'sale-final' } })
})

test('no void after the debit has been offered for upload, not even after an upload that failed or a power cut', async () => {
  for (const cut of [undefined, { after: 1, durable: true }]) {
    const { counter, terminal, chip } = await stand()
    await terminal.sell(money(300n), once(chip))
    counter.center.faults = ['answer-lost']
    const uploading = await counter.open(cut)
    await uploading.upload().catch(() => {})
    const restarted = await counter.open()
    expect(await restarted.voidLast(once(chip))).toMatchObject({ refusal: { code: 'sale-offered' } })
    expect(chip.value).toBe(700n)
  }
})

test('a debit that is being voided is not shown to the center beside it, and one that is being shown is not voided', async () => {
  const { counter, terminal, chip } = await stand()
  await terminal.sell(money(300n), once(chip))
  const [voided, uploaded] = await Promise.all([terminal.voidLast(once(chip)), terminal.upload()])
  expect(voided).toMatchObject({ value: { outcome: 'done' } })
  expect(uploaded).toMatchObject({ value: { receipts: 0 } })
  await terminal.sell(money(300n), once(chip))
  const [shown, refused] = await Promise.all([terminal.upload(), terminal.voidLast(once(chip))])
  expect(shown).toMatchObject({ value: { receipts: 3 } })
  expect(refused).toMatchObject({ refusal: { code: 'sale-offered' } })
  expect(counter.center.owed).toBe(300n)
})

test('another chip, or one that has debits after it, voids nothing', async () => {
  const { counter, terminal, chip } = await stand()
  await terminal.sell(money(300n), once(chip))
  expect(await terminal.voidLast(once(counter.chip(2, 1000n)))).toMatchObject({
    value: { outcome: 'abandoned', why: { code: 'chip-differs' } },
  })
  payElsewhere(chip, 1)
  expect(await terminal.voidLast(once(chip))).toMatchObject({
    value: { outcome: 'refused', why: { code: 'not-last' } },
  })
  expect(chip.value).toBe(699n)
})

test('a void of which nothing is known does not keep its debit from the center for ever', async () => {
  const { counter, terminal, chip } = await stand()
  await terminal.sell(money(300n), once(chip))
  await terminal.voidLast(once(chip, LOST_DEBIT))
  counter.clock.advance(600_000)
  await terminal.upload()
  expect(counter.center.owed).toBe(300n)
  expect(await terminal.retry(once(chip), 1)).toMatchObject({ refusal: { code: 'sale-final' } })
  expect(chip.value).toBe(700n)
})

test('an upload cut off anywhere is finished by the next, and what is sent twice is harmless', async () => {
  const { counter, terminal, chip } = await stand()
  for (let i = 0; i < 5; i++) await terminal.sell(money(10n), once(chip))
  counter.center.faults = ['request-lost', 'answer-lost']
  expect(await terminal.upload()).toMatchObject({ refusal: { code: 'center-unreachable' } })
  expect(await terminal.upload()).toMatchObject({ refusal: { code: 'center-unreachable' } })
  expect(terminal.status().unuploadedCount).toBe(5)
  expect(await terminal.upload()).toMatchObject({ value: { receipts: 5 } })
  expect(terminal.status()).toMatchObject({ unuploadedCount: 0, unuploadedAmount: 0n })
  expect(await terminal.upload()).toMatchObject({ value: { receipts: 0 } })
  expect(counter.center.owed).toBe(50n)
})

test('receipts are kept and shown again until they are settled for good: a restored center gets them back', async () => {
  const { counter, terminal, chip } = await stand()
  await terminal.sell(money(10n), once(chip))
  await terminal.upload()
  counter.center.seen.clear()
  counter.clock.advance(3_600_000)
  counter.center.final = true
  expect(await terminal.upload()).toMatchObject({ value: { receipts: 1 } })
  expect(counter.center.owed).toBe(10n)
  counter.clock.advance(3_600_000)
  expect(await terminal.upload()).toMatchObject({ value: { receipts: 0 } })
})

test('many receipts go in batches of at most 200, a pair never apart', async () => {
  const { counter, terminal } = await stand()
  const chip = counter.chip(1, 1_000_000n)
  for (let i = 0; i < 199; i++) await terminal.sell(money(1n), once(chip))
  await terminal.sell(money(1n), once(chip))
  await terminal.voidLast(once(chip))
  const before = counter.center.uploads.length
  expect(await terminal.upload()).toMatchObject({ value: { receipts: 201 } })
  expect(counter.center.uploads.slice(before).map(({ receipts }) => receipts.length)).toEqual([199, 2])
})

test('a purse that should meet the center soon is pointed out to the till', async () => {
  const { terminal, chip } = await stand()
  payElsewhere(chip, 15)
  expect(await terminal.sell(money(10n), once(chip))).toMatchObject({ value: { outcome: 'done', onlineWanted: true } })
})

test('one tap at a time', async () => {
  const { terminal, chip } = await stand()
  const first = terminal.sell(money(10n), once(chip))
  expect(await terminal.sell(money(10n), once(chip))).toMatchObject({ refusal: { code: 'terminal-busy' } })
  expect(await first).toMatchObject({ value: { outcome: 'done' } })
})
