/** The day from noon: a counter with the center closed, failures at the worst moments, the books. */

import { randomUUID } from 'node:crypto'
import { settle } from '@kozeni/api/routes-operator'
import { currency, show } from '@kozeni/base/currency'
import type { StoreId } from '@kozeni/base/ids'
import { withPostgresArchive } from '@kozeni/center/archive-postgres'
import { type AuditReport, audit } from '@kozeni/center/audit'
import type { Child } from '@kozeni/cli/child'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { INS } from '@kozeni/protocol/purse'
import { type Day, held, recover } from './day.ts'
import { offer } from './morning.ts'
import { type Ordered, tell, until } from './process.ts'
import type { Phone } from './town.ts'

const JPY = currency('JPY')

/** e. The center is closed; the till sells alone. */
export async function counter({ town, screen }: Day, phone: Phone, till: Ordered): Promise<void> {
  screen.step('e', 'The center is closed; a till sells alone')
  await town.closeCenter()
  const first = await till.ask('POST /sell', { amount: '300' })
  screen.check(first.ok && first.value['outcome'] === 'paid', 'coffee, 300: paid', said(first))
  await phone.tear(INS.debit)
  const torn = await till.ask('POST /sell', { amount: '250', waitMs: 1500 })
  await phone.comeBack()
  screen.check(
    torn.ok && torn.value['outcome'] === 'unresolved',
    'cake, 250: the phone is taken away in the middle',
    said(torn),
  )
  const resolved = await till.ask('POST /retry')
  screen.check(resolved.ok && resolved.value['outcome'] === 'paid', 'a second tap resolves it', said(resolved))
  const third = await till.ask('POST /sell', { amount: '400' })
  screen.check(third.ok && third.value['outcome'] === 'paid', 'lunch, 400: paid', said(third))
  screen.check((await held(phone)) === 2850n, 'each was taken once: the chip holds 2,850')
  await town.openCenter()
}

const said = (answer: Awaited<ReturnType<Ordered['ask']>>): string =>
  answer.ok ? String(answer.value['says']) : answer.refusal.code

/** f. Everything breaks, one after the other; one contact heals each. */
export async function failures(day: Day, phone: Phone, shop: Child): Promise<void> {
  day.screen.step('f', 'Everything breaks at its worst moment, and one contact heals it')
  await centerKilled(day, phone)
  await resultLost(day, phone)
  await powerCut(day, phone)
  await sessionOver(day, phone, shop)
}

async function centerKilled(day: Day, phone: Phone): Promise<void> {
  const { screen, town } = day
  screen.note('the center is killed after it has recorded a load of 1,000, before the chip hears of it')
  const killed = town.wire.plan({ lose: 'answer', path: '/v1/contacts', after: 0, atOnce: () => town.killCenter() })
  await phone.insist('POST /load', { amount: '1000', method: 'pm_card_visa' })
  await killed
  town.wire.heal()
  await town.openCenter()
  const found = await recover(day, phone)
  screen.check(found === '0,1 recorded-not-executed', 'the flags said so: recorded, not executed', found)
  screen.check((await held(phone)) === 3850n, 'the load went through once: the chip holds 3,850')
}

async function resultLost(day: Day, phone: Phone): Promise<void> {
  const { screen, town } = day
  screen.note('the chip has added 500, and its word is lost on the way to the center')
  const lost = town.wire.plan({ lose: 'request', path: '/v1/contacts', after: 1 })
  await phone.insist('POST /load', { amount: '500', method: 'pm_card_visa' })
  await lost
  town.wire.heal()
  const found = await recover(day, phone)
  screen.check(found === '1,1 executed-not-closed', 'the flags said so: executed, not closed', found)
  screen.check((await held(phone)) === 4350n, 'nothing was added twice: the chip holds 4,350')
}

async function powerCut(day: Day, phone: Phone): Promise<void> {
  const { screen } = day
  screen.note('the chip loses power in the middle of its write')
  await phone.cutAfter(40)
  const cut = await phone.insist('POST /load', { amount: '150', method: 'pm_card_visa' })
  screen.note(`the phone says: ${cut.ok ? codeInside(cut.value) : cut.refusal.code}`)
  const found = await recover(day, phone)
  screen.check(found === '0,1 recorded-not-executed', 'the old record stands whole: recorded, not executed', found)
  screen.check((await held(phone)) === 4500n, 'the load went through once: the chip holds 4,500')
}

function codeInside(value: Readonly<Record<string, unknown>>): string {
  const { contact } = value as { contact?: { ok: boolean; refusal?: { code: string } } }
  return contact?.refusal?.code ?? 'done'
}

async function sessionOver(day: Day, phone: Phone, shop: Child): Promise<void> {
  const { screen, town, sessionSeconds } = day
  screen.note(`a pay of 900 is done on the chip, its word is lost, and its session of ${sessionSeconds} s runs out`)
  const link = await offer(shop, '900', 'flowers')
  const number = new URLSearchParams(link.slice(link.indexOf('?'))).get('n') ?? ''
  const lost = town.wire.plan({ lose: 'request', path: '/v1/contacts', after: 1 })
  await phone.insist('POST /pay', { link })
  await lost
  town.wire.heal()
  const decided = await until(async () => (await tell(shop.port, `GET /sales/${number}`)).body['state'] === 'not-paid')
  screen.check(decided, 'the shop is told: not paid, for ever')
  const found = await recover(day, phone)
  screen.check(
    found === '1,1 executed-not-closed',
    'the flags said so: executed, not closed; and the decision is void',
    found,
  )
  screen.check((await held(phone)) === 4500n, 'the chip gave the 900 back to itself: it holds 4,500')
}

/** g. The till uploads, twice. */
export async function upload({ screen }: Day, till: Ordered): Promise<void> {
  screen.step('g', 'The till uploads its receipts, twice')
  const first = await till.insist('POST /upload')
  screen.check(first.ok, 'the receipts are booked', summary(first))
  const second = await till.insist('POST /upload')
  screen.check(second.ok, 'the second upload changes nothing', summary(second))
  const status = await till.ask('GET /status')
  screen.check(status.ok && status.value['unuploadedAmount'] === '0', 'nothing waits at the till')
}

const summary = (answer: Awaited<ReturnType<Ordered['ask']>>): string =>
  answer.ok ? JSON.stringify(answer.value) : answer.refusal.code

/** h. The store is settled. */
export async function settlement({ town, screen }: Day, store: StoreId): Promise<void> {
  screen.step('h', 'The store is settled')
  const settled = await town.operator()(settle, { body: { store }, idempotencyKey: randomUUID() })
  if (!settled.ok) return screen.check(false, 'the store is settled', settled.refusal.code)
  const { online, offline, gross, refunds, fees, reserve, net } = settled.value
  for (const [what, amount] of Object.entries({
    online: online.amount,
    offline: offline.amount,
    refunds,
    fees,
    reserve,
    net,
  })) {
    screen.note(`${what.padEnd(8)} ${show(BigInt(amount), JPY).padStart(12)}`)
  }
  const adds = BigInt(gross) - BigInt(refunds) - BigInt(fees) - BigInt(reserve) === BigInt(net)
  screen.check(
    adds && BigInt(online.amount) + BigInt(offline.amount) === BigInt(gross),
    'the statement adds up to the unit',
  )
  screen.check(
    BigInt(online.amount) === 1200n && BigInt(offline.amount) === 950n,
    'it is what was sold today: 1,200 on-line, 950 at the till',
  )
}

/** i. Every unit is accounted for. */
export async function books({ town, screen, vault }: Day, phones: readonly Phone[]): Promise<AuditReport> {
  screen.step('i', 'The auditor recomputes everything')
  const report = await withPostgresArchive(town.database.url, archive => audit({ crypto: nodeCrypto, vault }, archive))
  const { purses, operations, receipts, entries } = report.counted
  screen.note(`${purses} purses, ${operations} operations, ${receipts} receipts, ${entries} entries`)
  for (const { row, says } of report.findings) screen.note(`${row}: ${says}`)
  const sum = Object.values(report.balances).reduce((all, balance) => all + balance, 0n)
  screen.check(sum === 0n, 'the book sums to zero')
  screen.check(report.findings.length === 0, 'every row is what its cause, its chip and its digest say')
  const onChips = (await Promise.all(phones.map(held))).reduce((all, value) => all + value, 0n)
  screen.check(onChips === 4500n, 'today’s chips say that they hold', show(onChips, JPY))
  screen.check(
    report.onChips === -(report.balances['purse-float'] ?? 0n) - (report.balances.collected ?? 0n),
    'value on chips = the ledger’s purse float',
    show(report.onChips, JPY),
  )
  screen.check(report.inDoubt === 0n, 'nothing is in doubt')
  screen.check(report.unexplained === 0n, 'unexplained: 0')
  return report
}
