/** The names of things as the contract spells them; one schema each. */
import type {
  AccountId,
  ChipId,
  DeviceId,
  LoadId,
  MoveId,
  OrderId,
  ProposalId,
  PurseId,
  StoreId,
  TerminalId,
} from '@kozeni/base/ids'
import { idOf } from './schema.ts'

export const purse = idOf<PurseId>('PurseId', 'The electronic-money ID: one personalised purse program on one chip.')
export const device = idOf<DeviceId>('DeviceId', 'The telephone part that carries a chip.')
export const chip = idOf<ChipId>('ChipId', 'A secure element, as its foundry names it.')
export const store = idOf<StoreId>('StoreId', 'An affiliated store.')
export const terminal = idOf<TerminalId>('TerminalId', 'A till of a store.')
export const account = idOf<AccountId>('AccountId', 'A holder’s account.')
export const load = idOf<LoadId>('LoadId', 'A holder’s request to be loaded.')
export const order = idOf<OrderId>('OrderId', 'Something that the center owes a purse.')
export const move = idOf<MoveId>(
  'MoveId',
  'Value that was swept off a purse, on its way to another of the same account.',
)
export const proposal = idOf<ProposalId>('ProposalId', 'What one operator proposes and another confirms.')
