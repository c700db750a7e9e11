/**
 * A center with something in it, for fuzzers that other people wrote: listens until its standard input ends, and first says,
 * as one line of JSON, where, what time it is there, and by whom each operation of the OpenAPI document may be called.
 */

import { keyid } from '@kozeni/api/key-name'
import { routes } from '@kozeni/api/routes'
import { hex } from '@kozeni/base/bytes'
import { seconds } from '@kozeni/base/clock'
import { FuzzTown, ROUTE_NAMES } from './fuzz-town.ts'

const town = await FuzzTown.open()
const callers = ROUTE_NAMES.map(name => {
  // nobody but the provider signs as the provider, and what it signs is its own
  const { as: signer, headers = {} } = name === 'cardWebhook' ? {} : town.rightful(routes[name])
  return [name, signer ? { keyid: keyid(signer.name), privateKey: hex(signer.privateKey) } : { headers }] as const
})
const { origin, clock } = town.center
process.stdout.write(`${JSON.stringify({ origin, now: seconds(clock.now()), callers: Object.fromEntries(callers) })}\n`)
process.stdin.resume()
process.stdin.once('end', () => void town.close().then(() => process.exit(0)))
