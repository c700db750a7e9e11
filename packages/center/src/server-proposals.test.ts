import { routes } from '@kozeni/api/routes'
import { currency } from '@kozeni/base/currency'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isRevocable } from './proposal-revocation.ts'
import { right, SECOND_TOKEN, testCenter, verdictOf } from './server-for-tests.ts'

let center: Awaited<ReturnType<typeof testCenter>>

beforeAll(async () => {
  center = await testCenter()
})
afterAll(() => center.close())

const body = {
  ...({ what: 'posting', pair: 'provider-paid', amount: '250', reason: 'the payout of May' } as const),
  currency: currency('JPY'),
}

test('one operator proposes, another sees it and confirms it; both names stay in the list', async () => {
  const [first, second] = [center.operator(), center.operator(SECOND_TOKEN)]
  const asked = { body, idempotencyKey: 'the-payout-of-may' }
  const { proposal, stage } = right(await first(routes.propose, asked))
  expect(stage).toBe('proposed')
  expect(right(await first(routes.propose, asked)).proposal).toBe(proposal)
  expect(verdictOf(await first(routes.propose, { ...asked, body: { ...body, amount: '251' } }))).toBe('key-reused')
  const { proposals } = right(await second(routes.listProposals, { query: { open: 'true' } }))
  expect(proposals).toMatchObject([{ proposal, proposedBy: 'operator' }])
  expect(verdictOf(await first(routes.confirmProposal, { params: { proposal } }))).toBe('same-operator')
  expect(right(await second(routes.confirmProposal, { params: { proposal } })).endedBy).toBe('second')
  expect(verdictOf(await first(routes.withdrawProposal, { params: { proposal } }))).toBe('proposal-ended')
  expect(right(await first(routes.getBalances, {})).balances).toContainEqual(
    expect.objectContaining({ kind: 'bank', balance: '250' }),
  )
  expect(right(await first(routes.listFound, { query: {} })).found).toEqual([])
})

test('a version of the purses’ keys may be destroyed when two operators have said so, and not before', async () => {
  const [first, second] = [center.operator(), center.operator(SECOND_TOKEN)]
  const asked = { what: 'revocation', version: 1, reason: 'all purses have the second' } as const
  const { proposal, facts } = right(
    await first(routes.propose, { body: asked, idempotencyKey: 'no-more-of-version-1' }),
  )
  expect(facts).toEqual({ version: '1' })
  expect(await isRevocable(center.views, 1)).toBe(false)
  expect(verdictOf(await first(routes.confirmProposal, { params: { proposal } }))).toBe('same-operator')
  right(await second(routes.confirmProposal, { params: { proposal } }))
  expect([await isRevocable(center.views, 1), await isRevocable(center.views, 2)]).toEqual([true, false])
})
