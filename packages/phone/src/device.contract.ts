/** What every device memory must keep, whatever it is made of. */
import { unhex } from '@kozeni/base/bytes'
import { currency } from '@kozeni/base/currency'
import { SeededDice } from '@kozeni/base/dice'
import { type AccountId, type ChipId, type DeviceId, freshId, type LoadId, type PurseId } from '@kozeni/base/ids'
import { money } from '@kozeni/base/money'
import { describe, expect, test } from 'vitest'
import { Device, type DeviceMemory, type DeviceState, newDevice } from './device.ts'

const dice = new SeededDice(3)

/** A state with something in every field. */
export const fullState: DeviceState = {
  key: unhex('11'.repeat(32)),
  registered: { device: freshId<DeviceId>(dice), account: freshId<AccountId>(dice), secret: 'c2VjcmV0' },
  purses: [
    {
      chip: freshId<ChipId>(dice),
      purse: freshId<PurseId>(dice),
      active: { currency: currency('JPY'), chipKey: unhex(`04${'22'.repeat(64)}`), expires: 1_800_000_000 },
    },
    { chip: freshId<ChipId>(dice), purse: freshId<PurseId>(dice), active: null },
  ],
  loads: [
    {
      key: '0123456789abcdef',
      purse: freshId<PurseId>(dice),
      amount: money(2000n),
      currency: currency('JPY'),
      method: 'pm_card_visa',
      inParts: true,
      load: freshId<LoadId>(dice),
    },
  ],
  payments: [{ purse: freshId<PurseId>(dice), link: 'kozeni:pay?t=AA&n=BB' }],
}

/** @param open  another opening of the same memory, as after a restart; the first one of a test is empty */
export function deviceMemoryContract(name: string, fresh: () => Promise<() => Promise<DeviceMemory>>): void {
  describe(name, () => {
    test('nothing is remembered before something was', async () => {
      const open = await fresh()
      expect(await (await open()).read()).toBeUndefined()
    })

    test('what was written is read back, to the last field, also after a restart', async () => {
      const open = await fresh()
      const memory = await open()
      for (const state of [newDevice(unhex('33'.repeat(32))), fullState]) {
        await memory.write(state)
        expect(await memory.read()).toEqual(state)
        expect(await (await open()).read()).toEqual(state)
      }
    })

    test('a device makes its key once', async () => {
      const open = await fresh()
      const keys = [unhex('44'.repeat(32)), unhex('55'.repeat(32))]
      const first = await Device.open(await open(), () => keys[0] ?? unhex(''))
      const second = await Device.open(await open(), () => keys[1] ?? unhex(''))
      expect(second.state).toEqual(first.state)
    })

    test('changes asked for at once are made one after the other, and none is lost', async () => {
      const open = await fresh()
      const device = await Device.open(await open(), () => unhex('66'.repeat(32)))
      const links = Array.from({ length: 10 }, (_, i) => `kozeni:pay?t=AA&n=${i}`)
      const payment = (link: string) => ({ purse: freshId<PurseId>(dice), link })
      await Promise.all(
        links.map(link => device.change(before => ({ ...before, payments: [...before.payments, payment(link)] }))),
      )
      expect((await (await open()).read())?.payments.map(({ link }) => link)).toEqual(links)
    })
  })
}
