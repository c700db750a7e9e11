/** What is said between a till's reader and a chip in a phone's field: which instruction was asked, and that it was answered. */
import { Frames } from '@kozeni/protocol/vpcd'
import type { Listener } from './gate.ts'

/** `asks`: the till wants this instruction done. `answers`: the chip has done it. */
export interface Tapped {
  readonly says: 'asks' | 'answers'
  readonly ins: number
}

const SHORTEST_COMMAND = 4

/** A listener for one contact. */
export function fieldListener(): Listener<Tapped> {
  const frames = { caller: new Frames(), called: new Frames() }
  let ins: number | undefined
  return (side, bytes) =>
    frames[side].take(new Uint8Array(bytes)).flatMap(payload => {
      if (side === 'caller') ins = payload.length < SHORTEST_COMMAND ? undefined : payload[1]
      const event = { says: side === 'caller' ? 'asks' : 'answers', ins: ins ?? 0 } as const
      return ins === undefined ? [] : [{ event, from: 0, to: bytes.length }]
    })
}
