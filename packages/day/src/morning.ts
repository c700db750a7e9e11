/** The day until noon: a blank chip becomes a purse, is loaded, and pays in a web shop. */
import { money } from '@kozeni/base/money'
import type { Child } from '@kozeni/cli/child'
import { listPrograms, openChip } from '@kozeni/cli/chip-file'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import { makeNumber } from '@kozeni/protocol/number'
import { payLink, readPayLink } from '@kozeni/protocol/paylink'
import { codeOf, type Day, held } from './day.ts'
import { tell, until } from './process.ts'
import type { Phone } from './town.ts'

/** a. A chip leaves the foundry blank. */
export async function foundry({ town, screen, vault, number }: Day): Promise<Phone> {
  screen.step('a', 'A chip leaves the foundry')
  let listed: readonly string[] | undefined
  const phone = await town.openPhone(`phone-${number}`, folder => {
    const opened = openChip(folder)
    if (!opened.ok) return
    const programs = listPrograms(opened.value.chip, vault)
    opened.value.close()
    if (programs.ok) listed = programs.value
  })
  screen.check(listed?.length === 0, 'it is blank: its card manager lists no program', `chip ${phone.chip}`)
  return phone
}

/** b. The center makes it a purse over the network, interrupted once. */
export async function install({ town, screen }: Day, phone: Phone): Promise<void> {
  screen.step('b', 'The chip becomes a purse over the network')
  await phone.insist('POST /register')
  const interrupted = town.wire.plan({ lose: 'answer', path: '/v1/contacts', after: 3 })
  const first = await phone.ask('POST /install')
  await interrupted
  town.wire.heal()
  screen.check(!first.ok, 'the network fails in the middle of the installation', codeOf(first))
  const second = await phone.insist('POST /install')
  screen.check(
    second.ok,
    'the installation goes on, and ends as one active purse',
    second.ok ? purseOf(second.value) : codeOf(second),
  )
  screen.check((await held(phone)) === 0n, 'the chip itself says, with no network: 0 yen')
}

const purseOf = (value: Readonly<Record<string, unknown>>): string => `purse ${String(value['purse'])}`

/** c. 5,000 yen by card, from a provider that misbehaves. */
export async function load({ town, screen }: Day, phone: Phone): Promise<void> {
  screen.step('c', 'The holder loads 5,000 yen by card')
  const provider = town.provider.port
  // what yesterday's provider was to do wrong is over
  await tell(provider, 'POST /sandbox/next', { fault: 'none' })
  const before = await capturedBy(provider)
  await tell(provider, 'POST /sandbox/next', { fault: 'decline', times: 1 })
  const declined = await phone.insist('POST /load', { amount: '700', method: 'pm_card_visa' })
  screen.check(
    codeOf(declined) === 'funding-declined',
    'the card provider declines 700: nothing is loaded',
    codeOf(declined),
  )

  await tell(provider, 'POST /sandbox/webhooks', { deliver: 'twice' })
  await tell(provider, 'POST /sandbox/next', { fault: 'timeout-after-capture', times: 2 })
  const asked = await phone.insist('POST /load', { amount: '5000', method: 'pm_card_visa' })
  screen.note(`the provider takes the money and does not answer: ${codeOf(asked)}`)
  const arrived = await until(async () => {
    await phone.ask('POST /recover')
    return (await held(phone)) === 5000n
  })
  await tell(provider, 'POST /sandbox/next', { fault: 'none' })
  screen.check(arrived, 'the chip holds 5,000: the provider was asked again, and its notices came twice')
  const after = await capturedBy(provider)
  screen.check(after - before === 5000n, 'the provider has taken 5,000 once', `captured ${after - before}`)
}

/** What the provider has taken in all, less what it gave back. */
export async function capturedBy(provider: number): Promise<bigint> {
  const { body } = await tell(provider, 'GET /sandbox/ledger')
  return netIn(body)
}

function netIn(ledger: Readonly<Record<string, unknown>>): bigint {
  const { jpy } = ledger['currencies'] as { readonly jpy?: { readonly net: number } }
  return BigInt(jpy?.net ?? 0)
}

/** What the shop offers: a link for the phone. */
export async function offer(shop: Child, amount: string, order: string): Promise<string> {
  const { body } = await tell(shop.port, 'POST /sales', { amount, order, returnUrl: '' })
  return String(body['link'])
}

/** d. A web sale, and three that are refused. */
export async function web(day: Day, phone: Phone, shop: Child): Promise<void> {
  const { screen } = day
  screen.step('d', 'A web shop sells, with numbers that its own server makes')
  const link = await offer(shop, '1200', 'bread')
  const paid = await phone.insist('POST /pay', { link })
  const proof = paid.ok ? String(paid.value['proof']) : ''
  screen.check(paid.ok && paid.value['verdict'] === 'paid', 'the phone pays 1,200', codeOf(paid))
  screen.check((await held(phone)) === 3800n, 'the chip holds 3,800')
  await day.town.closeCenter()
  const honoured = await tell(shop.port, 'POST /proofs', { proof })
  const again = await tell(shop.port, 'POST /proofs', { proof })
  await day.town.openCenter()
  screen.check(
    honoured.body['goods'] === 'given' || honoured.body['goods'] === 'given-before',
    'the shop verifies the proof with the center closed, and gives the bread',
  )
  screen.check(
    again.body['goods'] === 'given-before',
    'the same proof once more gives no second bread',
    String(again.body['goods']),
  )
  await refusedSales(day, phone, shop, link)
}

async function refusedSales(day: Day, phone: Phone, shop: Child, used: string): Promise<void> {
  const { screen, town, number } = day
  const altered = alter(await offer(shop, '1500', 'cake'), offered => ({ ...offered.transaction, amount: money(15n) }))
  const cheap = await phone.insist('POST /pay', { link: altered })
  screen.check(codeOf(cheap) === 'transaction-altered', 'an altered amount (1,500 → 15) is refused', codeOf(cheap))

  const old = await phone.insist('POST /pay', { link: fromClosedWindow(day, await offer(shop, '400', 'tea')) })
  screen.check(codeOf(old) === 'window-closed', 'a number from a closed window is refused', codeOf(old))

  const other = await town.openPhone(`other-${number}`)
  await other.insist('POST /register')
  await other.insist('POST /install')
  const twice = await other.insist('POST /pay', { link: used })
  screen.check(codeOf(twice) === 'transaction-used', 'a used number in another purse is refused', codeOf(twice))
  screen.check((await held(phone)) === 3800n, 'none of them took a yen: the chip holds 3,800')
}

function alter(
  link: string,
  change: (offered: ReturnType<typeof offerIn>) => Parameters<typeof payLink>[0]['transaction'],
): string {
  const offered = offerIn(link)
  return payLink({ ...offered, transaction: change(offered) })
}

function offerIn(link: string) {
  const offered = readPayLink(link)
  if (!offered.ok) throw new Error(`the shop made no link: ${link}`)
  return offered.value
}

/** Genuine in all but its time: as the shop's server would have made it two days ago. */
function fromClosedWindow({ vault }: Day, link: string): string {
  const { transaction } = offerIn(link)
  const old = { ...transaction, window: transaction.window - 48 }
  return payLink({ transaction: old, number: makeNumber(nodeCrypto, vault.seed(old), old) })
}
