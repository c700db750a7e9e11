/** The first step to a purse: its name and place are reserved for one holder's account (P-1). */
import { z } from 'zod'
import { chip, device, purse } from './name.ts'
import type { Route } from './route.ts'
import { naming, time } from './schema.ts'

export const purseStage = naming(
  'PurseStage',
  'How far a purse has come. “leaving”: its holder moves to another purse; it is retired when it is empty.',
  z.enum(['reserved', 'certified', 'active', 'leaving', 'lost', 'retired']),
  'active',
)

export const installationRequest = naming(
  'InstallationRequest',
  'The chip that is to become a purse.',
  z.strictObject({ chip }),
)

export const installation = naming(
  'Installation',
  'What is reserved for this chip and this account. The contacts that follow do the work.',
  z.object({ purse, device, stage: purseStage, reservedUntil: time }),
)

export const reserveInstallation = {
  name: 'reserveInstallation',
  method: 'POST',
  path: '/v1/installations',
  caller: ['device'],
  body: installationRequest,
  answer: installation,
  refuses: ['chip-unknown', 'chip-taken'],
  summary: 'Reserve a purse for a blank chip',
  description:
    'One chip of one account gets one purse, however often this is asked and from whichever of its devices. Then open ' +
    'contacts with purpose "install" until the purse is active. A reservation that ends unused goes to the next who asks.',
  idempotent: 'by-nature',
} as const satisfies Route
