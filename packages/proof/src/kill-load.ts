/**
 * What goes on in the town while its parts are killed: holders load, cancel and pay, the shop sells and refunds, the till sells
 * alone and uploads. Whoever is told something for good remembers it: no death afterwards may make it untrue.
 */
import type { SeededDice } from '@kozeni/base/dice'
import type { Child } from '@kozeni/cli/child'
import { type Ordered, tell } from '@kozeni/day/process'
import type { Phone } from '@kozeni/day/town'
import { INS } from '@kozeni/protocol/purse'
import type { KillTown } from './kill-town.ts'

/** What people were told for good. */
export interface Told {
  /** Loads that a phone has shown as loaded. */
  readonly loaded: Set<string>
  /** Numbers of sales that a phone has shown as paid. */
  readonly paid: Set<string>
  /** Sales that a clerk has read "Paid." for. */
  readonly sold: Set<number>
  asked: number
}

const MOST_LOADED = 600
const MOST_PAID = 800
const MOST_SOLD = 50
const PAUSE_MS = 100
/** How long the till waits for the phone that may be busy. */
const TAP_MS = 1_000

/** One thing after another until it is enough; what a dead process cannot answer is left to recovery. */
export async function live(town: KillTown, told: Told, dice: SeededDice, goesOn: () => boolean): Promise<void> {
  const people = town.phones.map(phone => busy(goesOn, () => spend(town, phone, told, dice)))
  await Promise.all([...people, busy(goesOn, () => sellAlone(town.till, told, dice))])
}

async function busy(goesOn: () => boolean, work: () => Promise<void>): Promise<void> {
  while (goesOn()) {
    // somebody was killed while answering: that is the point
    await work().catch(() => new Promise(resolve => setTimeout(resolve, PAUSE_MS)))
  }
}

async function spend(town: KillTown, phone: Phone, told: Told, dice: SeededDice): Promise<void> {
  told.asked += 1
  const chance = dice.below(10)
  if (chance < 3) await load(phone, told, dice)
  else if (chance < 4) await changeMind(phone, dice)
  else if (chance < 9) await pay(town.shop, phone, told, dice)
  else await phone.ask('POST /recover')
}

async function load(phone: Phone, told: Told, dice: SeededDice): Promise<void> {
  const amount = String(1 + dice.below(MOST_LOADED))
  const said = await phone.ask('POST /load', { amount, method: 'pm_card_visa' })
  const load = said.ok ? fieldsOf(said.value['load']) : {}
  if (load['stage'] === 'loaded') told.loaded.add(String(load['load']))
}

/** The phone is taken away in the middle of a load, and its holder does not want it any more. */
async function changeMind(phone: Phone, dice: SeededDice): Promise<void> {
  await phone.tear(INS.message)
  const said = await phone.ask('POST /load', { amount: String(1 + dice.below(MOST_LOADED)), method: 'pm_card_visa' })
  await phone.comeBack()
  const { load } = said.ok ? fieldsOf(said.value['load']) : {}
  if (load !== undefined) await phone.ask('POST /cancel', { load })
}

async function pay(shop: Child, phone: Phone, told: Told, dice: SeededDice): Promise<void> {
  const amount = String(1 + dice.below(MOST_PAID))
  const offered = await tell(shop.port, 'POST /sales', { amount, order: '', returnUrl: '' })
  const { number, link } = offered.body
  const paid = phone.ask('POST /pay', { link })
  if (dice.below(2) === 0) await tell(shop.port, `GET /sales/${String(number)}`)
  const said = await paid
  if (!said.ok || said.value['verdict'] !== 'paid') return
  told.paid.add(String(number))
  await tell(shop.port, 'POST /proofs', { proof: said.value['proof'] })
  if (dice.below(4) > 0) return
  const order = { number, amount: '1', reason: 'a crumb', key: String(number) }
  await tell(shop.port, 'POST /refunds', order)
}

async function sellAlone(till: Ordered, told: Told, dice: SeededDice): Promise<void> {
  told.asked += 1
  if (dice.below(3) === 0) return void (await till.ask('POST /upload'))
  const said = await till.ask('POST /sell', { amount: String(1 + dice.below(MOST_SOLD)), waitMs: TAP_MS })
  if (said.ok && said.value['outcome'] === 'paid') told.sold.add(Number(said.value['sale']))
}

/** The fields of an answer's part. */
export const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {}
