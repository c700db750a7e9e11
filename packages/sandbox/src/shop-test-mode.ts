/** The sample shop without a center: `POST /test/pay` and `/test/decline` { link } play the holder's phone. No money. */
import { parseJson, readObject, string } from '@kozeni/protocol/json'
import { explain } from '@kozeni/store/explain'
import type { TestCenter } from '@kozeni/store/test-center'
import type { Shop, ShopAnswer, ShopRequest } from './shop.ts'

/** @returns a shop that also answers for the holder's phone: with a proof, and the signed webhook that says the same */
export const inTestMode = (shop: Shop, center: TestCenter): Pick<Shop, 'answer'> => ({
  answer: request => (request.path.startsWith('/test/') ? phone(center, request) : shop.answer(request)),
})

async function phone(center: TestCenter, { path, body }: ShopRequest): Promise<ShopAnswer> {
  const read = readObject(parseJson(body), { link: string })
  const link = read.ok ? read.value.link : ''
  const decided = path === '/test/decline' ? center.decline(link) : center.pay(link)
  if (decided.ok) return { status: 200, body: decided.value }
  return { status: explain(decided.refusal).http, body: decided.refusal }
}
