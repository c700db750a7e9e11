/** How a telephone becomes known, and its chip a purse: registration, reservation. */
import { equal, fromBase64url } from '@kozeni/base/bytes'
import { no, ok } from '@kozeni/base/result'
import { refusal } from '@kozeni/protocol/refusal'
import type { Center } from './center.ts'
import { registerDevice } from './register.ts'
import { reserve } from './reserve.ts'
import { timeOf } from './server-answer.ts'
import type { Handlers } from './server-handler.ts'

/** Registration and reservation. */
export const deviceHandlers = (center: Center): Pick<Handlers, 'registerDevice' | 'reserveInstallation'> => ({
  registerDevice: async ({ caller, body }) => {
    if (caller.key === undefined) return no(caller.doubt ?? refusal('not-authenticated'))
    const publicKey = fromBase64url(body.publicKey)
    if (publicKey === undefined || !equal(publicKey, caller.key))
      return no(refusal('signature-wrong', { check: 'key' }))
    const registered = await center.book.run(registerDevice(center, publicKey, body.account))
    if (!registered.ok) return registered
    const { device, secret } = registered.value
    return ok({ device: device.device, account: device.account, ...(secret !== undefined && { secret }) })
  },

  reserveInstallation: async ({ caller, body }) => {
    const { account, device } = caller.device
    const purse = await reserve(center, { account, device }, body.chip)
    if (!purse.ok) return purse
    const { stage, reservedUntil } = purse.value
    return ok({ purse: purse.value.purse, device: purse.value.device, stage, reservedUntil: timeOf(reservedUntil) })
  },
})
