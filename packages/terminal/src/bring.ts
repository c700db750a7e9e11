/**
 * A chip that comes to the counter to meet the center: the terminal asks who it is, then only carries bytes. It decides
 * nothing and journals nothing, and no money of its own is in play.
 */
import { meet, type Report } from '@kozeni/api/meet'
import type { Clock } from '@kozeni/base/clock'
import type { PurseId } from '@kozeni/base/ids'
import { no, type Result } from '@kozeni/base/result'
import type { Reader } from '@kozeni/protocol/reader'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { meet as acquaint, type Card, introduce, type Self, select } from './card.ts'
import type { Center } from './center.ts'
import { Contact, type Counter } from './counter.ts'

/**
 * Brings the first purse that says who it is to the center.
 *
 * @returns what the center said in this contact, in order
 * @refuses chip-absent · what was wrong with the last chip that came · as relay
 * @spec    F-7, C-11
 */
export async function bring(
  self: Self,
  counter: Counter,
  { clock, center }: { readonly clock: Clock; readonly center: Center },
): Promise<Result<Report, Refusal>> {
  const contact = new Contact(clock, counter)
  let trouble: Refusal | undefined
  try {
    while (await contact.next(trouble)) {
      const card = await ask(self, counter.reader)
      if (card.ok) return await carry(card.value.purse, counter.reader, center)
      trouble = card.refusal
    }
    return no(trouble ?? refusal('chip-absent'))
  } finally {
    await contact.end()
  }
}

/** Who is there. */
async function ask(self: Self, reader: Reader): Promise<Result<Card, Refusal>> {
  const introduction = introduce(self, await reader.transmit(select))
  return introduction.ok ? acquaint(self, await reader.transmit(introduction.value)) : introduction
}

/** Relays for the chip that is there. It stays in the field: another could come in between. @refuses as relay */
export function carry(purse: PurseId, reader: Reader, center: Center): Promise<Result<Report, Refusal>> {
  const here: Reader = {
    connect: async () => true,
    transmit: command => reader.transmit(command),
    disconnect: async () => {},
  }
  return meet(here, center.contact, { kind: 'purse', purse }, () => {})
}
