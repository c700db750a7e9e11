import { type Bytes, concat, NO_BYTES } from '@kozeni/base/bytes'
import { StillClock } from '@kozeni/base/clock'
import { currency } from '@kozeni/base/currency'
import { SeededDice } from '@kozeni/base/dice'
import {
  type AccountId,
  type ChipId,
  type DeviceId,
  id,
  type PurseId,
  type StoreId,
  type TerminalId,
} from '@kozeni/base/ids'
import { money, total } from '@kozeni/base/money'
import { NO_RANGES } from '@kozeni/base/ranges'
import { nodeCrypto as crypto } from '@kozeni/protocol/crypto-node'
import { type Receipt, readReceipt, receipt, receiptMac } from '@kozeni/protocol/debit'
import fc from 'fast-check'
import { beforeEach, expect, test } from 'vitest'
import type { PurseRow, Write } from './book.ts'
import { MemoryBook } from './book-memory.ts'
import { type Claim, type Collected, collect } from './collect.ts'
import { defaultPolicy } from './policy.ts'
import { blockPurse } from './purse-block.ts'
import { EPOCHS_FORGOTTEN } from './restore.ts'
import { returnSecond } from './return.ts'

const JPY = currency('JPY')
const purse = id<PurseId>('0000000000000001')
const store = id<StoreId>('0000000000000002')
const terminals = [id<TerminalId>('0000000000000003'), id<TerminalId>('0000000000000004')] as const
const chipKey = crypto.generate(new SeededDice(1))
const LOADED = 10_000n
const AGE_MS = 86_400_000

const row: PurseRow = {
  purse,
  chip: id<ChipId>('0000000000000005'),
  device: id<DeviceId>('0000000000000006'),
  account: id<AccountId>('0000000000000007'),
  currency: JPY,
  chipClass: 'software',
  stage: 'active',
  reservedUntil: 0,
  publicKey: crypto.publicKey(chipKey),
  certificate: undefined,
  keyVersion: 1,
  keysSince: 0,
  keyFloor: 1,
  epoch: 1,
  number: 1,
  closedEpoch: 1,
  closedNumber: 1,
  flag: false,
  credits: total(LOADED),
  debits: total(0n),
  seenCredits: total(LOADED),
  seenDebits: total(0n),
  seenSeq: 0,
  seenEpoch: 0,
  seenNumber: 0,
  seenStage: 0,
  seenFloor: 0,
  bookedAmount: total(0n),
  bookedCount: 0,
  voidedAmount: total(0n),
  taken: NO_RANGES,
  trail: NO_BYTES,
  settings: 1,
  settingsSeen: 1,
  blocked: false,
  limits: defaultPolicy.limits,
  movingTo: undefined,
  lostAt: undefined,
  writtenOff: total(0n),
  writeOffs: 0,
  holds: 0,
}

let book: MemoryBook

beforeEach(async () => {
  book = await freshBook()
})

async function freshBook(): Promise<MemoryBook> {
  const fresh = new MemoryBook(new StillClock(0))
  const writes: Write[] = [{ write: 'purse', row }]
  await fresh.run({ keys: { purse }, decide: () => ({ answer: undefined, writes }) })
  return fresh
}

/** The chip's next receipts for these debits, each at one of the terminals. */
function chain(debits: ReadonlyArray<{ readonly amount: bigint; readonly at: number }>, digest = 0): Claim[] {
  let spent = 0n
  return debits.map(({ amount, at }, i) => {
    spent += amount
    return claimOf({
      seq: i + 1,
      amount: money(amount),
      terminal: terminals[at % 2] ?? terminals[0],
      sale: i + 1,
      debits: total(spent),
      digest: new Uint8Array(32).fill(digest),
    })
  })
}

function claimOf(facts: Partial<Receipt>): Claim {
  const body = receipt.write({
    version: 1,
    type: 'receipt',
    direction: 'to-center',
    purse,
    keyVersion: 1,
    kind: 'debit',
    seq: 1,
    amount: money(1n),
    currency: JPY,
    terminal: terminals[0],
    sale: 1,
    time: 0,
    credits: total(LOADED),
    debits: total(1n),
    flag: false,
    epoch: 1,
    number: 1,
    digest: new Uint8Array(32),
    outcome: 'applied',
    prevSeq: 0,
    prevAmount: money(0n),
    prevTerminal: new Uint8Array(4),
    ...facts,
  })
  const whole: Bytes = concat(body, crypto.sign(chipKey, body), receiptMac(crypto, new Uint8Array(32), body))
  const signed = readReceipt(whole)
  if (signed === undefined) throw new Error('it was just made')
  return { signed, whole, store, place: { position: 1, hotlist: 0 }, wrong: 'nothing' }
}

/** Collects one receipt by itself. */
async function take(claim: Claim): Promise<Collected | undefined> {
  const [answer] = await takeAll(claim.signed.receipt.purse, [claim])
  return answer
}

async function takeAll(of: PurseId, claims: readonly Claim[]): Promise<readonly Collected[]> {
  const first = await book.run(collect(of, claims))
  const isUnjudged = 'standing' in first && first.standing === 'unjudged'
  const answers = isUnjudged ? await book.run(collect(of, claims, { crypto, hotlistAgeMs: AGE_MS })) : first
  if ('standing' in answers) throw new Error('the book was never restored')
  return answers
}

const booked = async () => (await book.look({ purse })).purse

const sales = fc.array(fc.record({ amount: fc.bigInt({ min: 1n, max: 500n }), at: fc.nat({ max: 1 }) }), {
  minLength: 1,
  maxLength: 12,
})

test('receipts may arrive in any order, any number of times, at once; each is booked once', async () => {
  await fc.assert(
    fc.asyncProperty(sales, fc.array(fc.nat(), { maxLength: 30 }), async (debits, again) => {
      book = await freshBook()
      const claims = chain(debits)
      const arriving = [...claims.toReversed(), ...again.flatMap(i => claims[i % claims.length] ?? [])]
      const answers = await Promise.all(arriving.map(take))
      expect(answers.filter(answer => answer?.standing === 'booked')).toHaveLength(claims.length)
      const sum = debits.reduce((all, { amount }) => all + amount, 0n)
      expect(await booked()).toMatchObject({
        debits: sum,
        bookedAmount: sum,
        bookedCount: debits.length,
        blocked: false,
      })
    }),
    { numRuns: 50 },
  )
})

test('a void brings back its debit, whichever of the two arrives first', async () => {
  for (const turn of [0, 1]) {
    book = await freshBook()
    const pair = [
      claimOf({ seq: 1, amount: money(300n), debits: total(300n) }),
      claimOf({ seq: 2, kind: 'void', amount: money(300n), debits: total(300n), credits: total(LOADED + 300n) }),
    ]
    for (const claim of turn ? pair.toReversed() : pair) expect(await take(claim)).toEqual({ standing: 'booked' })
    expect(await booked()).toMatchObject({ credits: LOADED + 300n, debits: 300n, bookedAmount: 300n })
  }
})

test('what was taken above all that a chip was given is the issuer’s loss at once, each unit once, and less when more is known', async () => {
  const float = async () => {
    const { credits, debits, writtenOff } = (await booked()) ?? expect.fail('it is here')
    return credits - debits + writtenOff
  }
  await take(claimOf({ seq: 1, amount: money(9000n), debits: total(9000n) }))
  expect(await writtenOffs()).toEqual([])
  await take(claimOf({ seq: 2, amount: money(5000n), debits: total(14_000n), sale: 2 }))
  await take(claimOf({ seq: 2, amount: money(5000n), debits: total(14_000n), sale: 2 }))
  expect(await booked()).toMatchObject({ blocked: true, writtenOff: 4000n })
  await take(claimOf({ seq: 3, amount: money(10n), debits: total(14_010n), sale: 3 }))
  expect(await writtenOffs()).toEqual([4000n, 10n])
  expect(await float()).toBe(0n)
  const back = {
    seq: 4,
    kind: 'void',
    amount: money(10n),
    debits: total(14_010n),
    credits: total(LOADED + 10n),
  } as const
  await take(claimOf({ ...back, sale: 3 }))
  expect(await writtenOffs()).toEqual([4000n, 10n, -10n])
  expect(await float()).toBe(0n)
})

test('a receipt of nothing is booked and moves nothing, nor does its void: a chip counts both', async () => {
  const nothing = claimOf({ amount: money(0n), debits: total(0n) })
  const undo = claimOf({ ...nothing.signed.receipt, kind: 'void', seq: 2 })
  for (const claim of [nothing, undo]) expect(await take(claim)).toEqual({ standing: 'booked' })
  expect(await booked()).toMatchObject({ debits: 0n, bookedCount: 1, seenSeq: 2, blocked: false })
  expect(book.tables.entry.size + book.tables.alarm.size).toBe(0)
})

test('a second receipt of nothing for one sale is booked, and there is nothing to order back', async () => {
  await take(claimOf({ amount: money(0n), debits: total(0n) }))
  const second = claimOf({ seq: 2, amount: money(0n), debits: total(0n) })
  expect(await take(second)).toEqual({ standing: 'held' })
  expect(await book.run(returnSecond(crypto, second.signed.receipt))).toBe(true)
  expect(await booked()).toMatchObject({ debits: 0n, bookedCount: 2 })
  expect(book.tables.order.size).toBe(0)
})

test('a clone that takes nothing is a clone all the same: blocked and shown, and nothing is lost by it', async () => {
  await take(claimOf({ amount: money(100n) }))
  const clone = claimOf({ amount: money(0n), terminal: terminals[1] })
  expect(await take(clone)).toEqual({ standing: 'booked' })
  expect(await booked()).toMatchObject({ blocked: true, debits: 100n })
  expect(await paidByIssuer()).toEqual([])
})

test('two bodies under one number are a clone: the purse is charged once and blocked, both are shown', async () => {
  await take(claimOf({ amount: money(100n) }))
  const second = claimOf({ amount: money(100n), terminal: terminals[1] })
  for (const standing of ['booked', 'already-booked']) expect(await take(second)).toMatchObject({ standing })
  expect(await booked()).toMatchObject({ blocked: true, settings: 2, debits: 100n })
  expect([...book.tables.alarm.values()].map(({ what }) => what)).toEqual(['receipts-differ'])
  expect(await paidByIssuer()).toEqual([100n])
})

test('a receipt with the center’s MAC and not the chip’s signature is held and shown, and is nobody’s loss', async () => {
  const forged: Claim = { ...claimOf({ amount: money(100n) }), wrong: 'signature' }
  for (let again = 0; again < 2; again++) expect(await take(forged)).toEqual({ standing: 'held' })
  expect(await booked()).toMatchObject({ debits: 0n, blocked: false })
  await take(claimOf({ seq: 2, sale: 2, amount: money(100n), debits: total(200n) }))
  const clone: Claim = { ...claimOf({ seq: 2, amount: money(100n), terminal: terminals[1] }), wrong: 'signature' }
  expect(await take(clone)).toEqual({ standing: 'held' })
  expect(await paidByIssuer()).toEqual([])
  expect(new Set([...book.tables.alarm.values()].map(({ what }) => what))).toEqual(
    new Set(['mac-right-signature-wrong']),
  )
})

test('one sale is not paid twice because two receipts of one number name it', async () => {
  const [first] = chain([{ amount: 100n, at: 0 }])
  const [second] = chain([{ amount: 100n, at: 0 }], 7)
  if (first === undefined || second === undefined) throw new Error('two claims')
  await take(first)
  for (let again = 0; again < 2; again++) expect(await take(second)).toEqual({ standing: 'held' })
  expect(await paidByIssuer()).toEqual([])
})

test('what a clone took back is taken back from its store, with its debit or after it', async () => {
  const debit = claimOf({ amount: money(300n), terminal: terminals[1] })
  const undo = claimOf({ ...debit.signed.receipt, kind: 'void', seq: 2 })
  for (const apart of [false, true]) {
    book = await freshBook()
    for (const seq of [1, 2]) await take(claimOf({ seq, amount: money(50n), sale: seq }))
    for (const some of apart ? [[debit], [undo]] : [[debit, undo]]) await takeAll(purse, some)
    expect((await paidByIssuer()).reduce((sum, amount) => sum + amount, 0n)).toBe(0n)
    expect(await booked()).toMatchObject({ debits: 100n, voidedAmount: 0n })
  }
})

/** The block is on version 5 of the hotlist, since the tenth second. */
async function blocked(): Promise<void> {
  const row = { follows: 0, version: 5, at: 10_000, purses: { listed: [purse], unlisted: [] }, terminals: NO_CHANGE }
  await book.run({
    keys: { hotlistAfter: 0 },
    decide: () => ({ answer: undefined, writes: [{ write: 'hotlist', row }] }),
  })
  await book.run(blockPurse(purse, true))
}

const NO_CHANGE = { listed: [], unlisted: [] }

const made = (seq: number, hotlist: number, time: number): Claim => ({
  ...claimOf({ seq, sale: seq, time, amount: money(100n), debits: total(100n * BigInt(seq)) }),
  place: { position: 9, hotlist },
})

test('what was sold before the block reached the terminal is paid; what was sold by the list that has it is not', async () => {
  await blocked()
  expect(await take(made(1, 4, 11))).toEqual({ standing: 'booked' })
  for (let again = 0; again < 2; again++) expect(await take(made(2, 5, 11))).toEqual({ standing: 'held' })
  expect(await booked()).toMatchObject({ debits: 100n, seenSeq: 2 })
  expect([...book.tables.alarm.values()].map(({ what }) => what)).toEqual(['receipt-too-late'])
})

test('a terminal that sells by a hotlist older than was promised does so at its store’s cost', async () => {
  await blocked()
  expect(await take(made(1, 4, 10 + AGE_MS / 1000))).toEqual({ standing: 'booked' })
  expect(await take(made(2, 4, 11 + AGE_MS / 1000))).toEqual({ standing: 'held' })
})

test('of a clone too the store bears what it sold by the list that has the purse', async () => {
  await take(claimOf({ amount: money(100n), terminal: terminals[1], sale: 8 }))
  await blocked()
  expect(await take(made(1, 5, 11))).toEqual({ standing: 'held' })
  expect(await paidByIssuer()).toEqual([])
})

test('a purse that was paid out has nothing left: a debit that comes later is the issuer’s loss', async () => {
  const retired: PurseRow = { ...row, stage: 'retired', blocked: true, debits: total(LOADED) }
  await book.run({ keys: { purse }, decide: () => ({ answer: undefined, writes: [{ write: 'purse', row: retired }] }) })
  expect(await take(claimOf({ amount: money(70n) }))).toEqual({ standing: 'booked' })
  expect(await booked()).toMatchObject({ credits: LOADED, debits: LOADED })
  expect(await paidByIssuer()).toEqual([70n])
})

/** In the order in which it was paid; below zero what was taken back. */
const paidByIssuer = async (): Promise<bigint[]> =>
  [...book.tables.entry.values()]
    .filter(({ cause }) => cause === 'fraud-paid')
    .map(({ credit, amount }) => (credit.kind === 'store-payable' ? amount : 0n - amount))

test('statements that are ahead in one total and behind in another are a rolled-back chip', async () => {
  await take(claimOf({ seq: 5, amount: money(100n), debits: total(900n), sale: 5 }))
  await take(claimOf({ seq: 6, amount: money(100n), debits: total(200n), sale: 6 }))
  expect((await booked())?.blocked).toBe(true)
  expect([...book.tables.alarm.values()].map(({ what }) => what)).toEqual(['statements-not-comparable'])
})

test('a receipt of an epoch that no restore can have begun is booked, and its purse blocked; no epoch begins for it', async () => {
  const far = claimOf({ epoch: 0xffff_fff0 })
  expect(await take(far)).toEqual({ standing: 'booked' })
  expect(await booked()).toMatchObject({ blocked: true, seenEpoch: 0, debits: 1n })
  expect([...book.tables.alarm.values()].map(({ what }) => what)).toEqual(['epoch-unheard-of'])
})

test('a receipt of an epoch that a book put back can have forgotten begins the next', async () => {
  const claim = claimOf({ epoch: 1 + EPOCHS_FORGOTTEN })
  expect(await book.run(collect(purse, [claim]))).toMatchObject({ standing: 'behind', epoch: 2 + EPOCHS_FORGOTTEN })
  expect(await booked()).toMatchObject({ blocked: false })
})

test('one sale of a terminal is paid once: a second debit for it is held, and goes back to its purse, once', async () => {
  const [first, second] = chain([
    { amount: 100n, at: 0 },
    { amount: 100n, at: 0 },
  ])
  if (first === undefined || second === undefined) throw new Error('two claims')
  const sameSale = claimOf({ ...second.signed.receipt, sale: 1 })
  await take(first)
  expect(await take(sameSale)).toEqual({ standing: 'held' })
  expect(await booked()).toMatchObject({ debits: 100n, blocked: false })
  const back = () => book.run(returnSecond(crypto, sameSale.signed.receipt))
  expect([await back(), await back()]).toEqual([true, false])
  expect(await booked()).toMatchObject({ debits: 200n, bookedCount: 2, blocked: false })
  expect([...book.tables.order.values()]).toMatchObject([{ kind: 'refund', amount: 100n, store, stage: 'waiting' }])
  expect(await take(sameSale)).toMatchObject({ standing: 'already-booked' })
  expect([...book.tables.alarm.values()]).toMatchObject([{ what: 'sale-paid-twice', subject: terminals[0] }])
})

test('value that a void gave back counts before the void is here: no clone is seen where two tills upload late', async () => {
  const spent = claimOf({ amount: money(LOADED), debits: total(LOADED) })
  const undo = claimOf({ ...spent.signed.receipt, kind: 'void', seq: 2, credits: total(2n * LOADED) })
  const elsewhere = claimOf({
    ...{ seq: 3, amount: money(LOADED), credits: total(2n * LOADED), debits: total(2n * LOADED) },
    terminal: terminals[1],
  })
  for (const claim of [elsewhere, spent, undo]) expect(await take(claim)).toEqual({ standing: 'booked' })
  expect(await booked()).toMatchObject({ blocked: false, credits: 2n * LOADED, debits: 2n * LOADED })
})

test('a receipt of a purse that nobody knows is refused, and changes nothing', async () => {
  const stranger = claimOf({ purse: id<PurseId>('0000000000000099') })
  expect(await take(stranger)).toEqual({ standing: 'refused', code: 'not-found' })
  expect(book.tables.receipt.size).toBe(0)
})

test('more debits than the purse was ever given are a chip that invents value: booked, paid, blocked, shown', async () => {
  const invented = claimOf({ amount: money(LOADED + 1n), credits: total(LOADED + 1n), debits: total(LOADED + 1n) })
  expect(await take(invented)).toEqual({ standing: 'booked' })
  expect(await booked()).toMatchObject({ blocked: true, debits: LOADED + 1n })
  expect([...book.tables.alarm.values()].map(({ what }) => what)).toEqual(['debits-above-credits'])
})

test('the void of a debit that is held is held too: its store was never credited, and is not charged', async () => {
  const [first, second] = chain([
    { amount: 100n, at: 0 },
    { amount: 100n, at: 0 },
  ])
  if (first === undefined || second === undefined) throw new Error('two claims')
  const twice = claimOf({ ...second.signed.receipt, sale: 1 })
  const undo = claimOf({ ...twice.signed.receipt, kind: 'void', seq: 3, credits: total(LOADED + 100n) })
  for (const claim of [first, twice, undo]) await take(claim)
  expect((await book.look({ purse, receipts: [3] })).receipts.get(3)?.standing).toBe('held')
  expect(await booked()).toMatchObject({ credits: LOADED, debits: 100n })
})

test('what comes together is decided together: a void beside its debit, twice the same, a sale that is paid twice', async () => {
  const debit = claimOf({ seq: 1, amount: money(300n), debits: total(300n) })
  const undo = claimOf({
    seq: 2,
    kind: 'void',
    amount: money(300n),
    debits: total(300n),
    credits: total(LOADED + 300n),
  })
  const sold = claimOf({ seq: 3, amount: money(50n), debits: total(350n), credits: total(LOADED + 300n), sale: 2 })
  const again = claimOf({ ...sold.signed.receipt, seq: 4, debits: total(400n) })
  const answers = await takeAll(purse, [debit, undo, debit, sold, again])
  expect(answers.map(({ standing }) => standing)).toEqual(['booked', 'booked', 'already-booked', 'booked', 'held'])
  expect(await booked()).toMatchObject({ debits: 350n, credits: LOADED + 300n, voidedAmount: 300n, blocked: false })
})

/** Below zero what was found not to be lost. */
async function writtenOffs(): Promise<bigint[]> {
  const entries = [...book.tables.entry.values()].filter(({ cause }) => cause === 'written-off')
  return entries.map(({ debit, amount }) => (debit.kind === 'fraud-loss' ? amount : 0n - amount))
}
