/** Reserving: an electronic-money ID for a chip, before anything is installed (PROTOCOL §7, P-1 and P-2). */
import { NO_BYTES } from '@kozeni/base/bytes'
import { type AccountId, type ChipId, type DeviceId, freshId, type PurseId } from '@kozeni/base/ids'
import { total } from '@kozeni/base/money'
import { NO_RANGES } from '@kozeni/base/ranges'
import { no, ok, type Result } from '@kozeni/base/result'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import { type Command, type PurseRow, unchanged } from './book.ts'
import type { Means } from './contact.ts'
import { isInUse } from './operation.ts'

/**
 * Reserves a purse for this chip and the account that asks; the account's other devices find the same reservation.
 *
 * @refuses chip-unknown · chip-taken
 * @spec    P-1, P-2
 */
export async function reserve(
  means: Means,
  { account, device }: { readonly account: AccountId; readonly device: DeviceId },
  chip: ChipId,
): Promise<Result<PurseRow, Refusal>> {
  const known = await means.book.look({ chip })
  if (known.chip === undefined) return no(refusal('chip-unknown', { chip }))
  const purse = known.chip.purse ?? freshId<PurseId>(means.dice)
  const answer = await means.book.run(reservation(means, { purse, account, device, chip }))
  // another request named the chip's purse between the two: ask again, and find it
  return answer === 'moved-on' ? reserve(means, { account, device }, chip) : answer
}

interface Wanted {
  readonly purse: PurseId
  readonly account: AccountId
  readonly device: DeviceId
  readonly chip: ChipId
}

const reservation = (means: Means, wanted: Wanted): Command<Result<PurseRow, Refusal> | 'moved-on'> => ({
  keys: { purse: wanted.purse, chip: wanted.chip },
  decide: ({ purse, chip, present, now }) => {
    if (chip === undefined) return unchanged(no(refusal('chip-unknown', { chip: wanted.chip })))
    if ((chip.purse ?? wanted.purse) !== wanted.purse) return unchanged('moved-on')
    if (purse !== undefined && purse.account === wanted.account && purse.stage !== 'retired')
      return resumed(purse, wanted.device, means.vault)
    const theirs = purse !== undefined && (isKept(purse) || (purse.stage !== 'retired' && now < purse.reservedUntil))
    if (theirs) return unchanged(no(refusal('chip-taken', { chip: wanted.chip })))
    // a retired purse's chip is free: what it becomes next is another purse (C-5)
    if (purse !== undefined)
      return { answer: 'moved-on', writes: [{ write: 'chip', row: { ...chip, purse: undefined } }] }
    const row = newPurse(means, wanted, chip.chipClass, { now, epoch: present.epoch })
    return {
      answer: ok(row),
      writes: [
        { write: 'purse', row },
        { write: 'chip', row: { ...chip, purse: wanted.purse } },
      ],
    }
  },
})

/** A lost purse's chip is still its holder's: what is left of it is not paid out yet. */
const isKept = (purse: PurseRow): boolean => isInUse(purse) || purse.stage === 'lost'

/** The same holder goes on, from this device; once active, a purse stays with the device it was bound to. */
function resumed(purse: PurseRow, device: DeviceId, { keyVersion }: Means['vault']) {
  const same = purse.device === device && purse.keyVersion === keyVersion
  if (purse.stage !== 'reserved' || same) return unchanged(ok(purse))
  const row: PurseRow = { ...purse, device, keyVersion }
  return { answer: ok(row), writes: [{ write: 'purse' as const, row }] }
}

/** A purse before anything has happened to it. */
export function newPurse(
  { policy, vault }: Pick<Means, 'policy' | 'vault'>,
  wanted: Wanted,
  chipClass: PurseRow['chipClass'],
  { now, epoch }: { readonly now: number; readonly epoch: number },
): PurseRow {
  const none = total(0n)
  return {
    ...wanted,
    currency: policy.currency,
    chipClass,
    stage: 'reserved',
    reservedUntil: now + policy.reservationMs,
    publicKey: undefined,
    certificate: undefined,
    keyVersion: vault.keyVersion,
    keysSince: now,
    keyFloor: 1,
    epoch,
    number: 0,
    closedEpoch: epoch,
    closedNumber: 0,
    flag: false,
    credits: none,
    debits: none,
    seenCredits: none,
    seenDebits: none,
    seenSeq: 0,
    seenEpoch: 0,
    seenNumber: 0,
    seenStage: 0,
    seenFloor: 0,
    bookedAmount: none,
    bookedCount: 0,
    voidedAmount: none,
    taken: NO_RANGES,
    trail: NO_BYTES,
    settings: 1,
    settingsSeen: 0,
    blocked: false,
    limits: policy.limits,
    movingTo: undefined,
    lostAt: undefined,
    writtenOff: none,
    writeOffs: 0,
    holds: 0,
  }
}
