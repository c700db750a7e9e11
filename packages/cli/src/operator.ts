/** Calls the center as its operator, with the token of the data folder. */
import { type Call, caller } from '@kozeni/api/call'
import type { Transport } from '@kozeni/api/transport'
import { systemClock } from '@kozeni/base/clock'
import { systemDice } from '@kozeni/base/dice'
import { nodeCrypto } from '@kozeni/protocol/crypto-node'
import type { DataFolder } from './data-folder.ts'
import { operatorToken } from './settings.ts'

/** @param origin  the center's */
export function operatorCall(origin: string, folder: DataFolder, transport: Transport): Call {
  const credentials = { show: 'token', token: operatorToken(folder) } as const
  return caller({ origin, transport, credentials, clock: systemClock, crypto: nodeCrypto, dice: systemDice })
}
