import { type Bytes, base64url, fromBase64url } from '@kozeni/base/bytes'
import { no, ok, type Result } from '@kozeni/base/result'
import type { Reader } from '@kozeni/protocol/reader'
import { type Refusal, refusal } from '@kozeni/protocol/refusal'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { COMMANDS_MAX, type Correspondent, ROUNDS_MAX, relay, type Turn } from './relay.ts'

/**
 * A chip that adds, and a center that wants it to reach `goal`. Each step names the sum it starts from, so that a
 * repeated step changes nothing: the smallest thing with the shape of F-2.
 */
class AddingChip implements Reader {
  sum = 0
  answered = 0
  connected = false
  readonly #goneAt: (answered: number) => 'before' | 'after' | undefined

  constructor(goneAt: (answered: number) => 'before' | 'after' | undefined = () => undefined) {
    this.#goneAt = goneAt
  }

  async connect(): Promise<boolean> {
    this.connected = true
    return true
  }

  async transmit(command: Bytes): Promise<Bytes | undefined> {
    const gone = this.#goneAt(this.answered++)
    if (gone === 'before') return undefined
    if (command[2] === this.sum) this.sum += 1
    return gone === 'after' ? undefined : Uint8Array.of(this.sum, 0x90, 0x00)
  }

  async disconnect(): Promise<void> {
    this.connected = false
  }
}

const command = (from: number): string => base64url(Uint8Array.of(0x80, 0x10, from, 0))
const ASK = base64url(Uint8Array.of(0x80, 0x10, 0xff, 0))

function center(goal: number, drop: () => boolean = () => false): Correspondent<number> {
  return async ({ token, responses }) => {
    if (drop()) return no(refusal('center-unreachable'))
    if (token === undefined) return ok({ token: 't', commands: [ASK], done: false, report: -1 })
    const sum = fromBase64url(responses.at(-1) ?? '')?.[0] ?? 0
    const done = sum >= goal
    return ok({ token: 't', commands: done ? [] : [command(sum)], done, report: sum })
  }
}

test('commands go to the chip and answers to the center until it is done; every report is shown', async () => {
  const chip = new AddingChip()
  const seen: number[] = []
  expect(await relay(chip, center(3), report => seen.push(report))).toEqual(ok(3))
  expect(seen).toEqual([-1, 0, 1, 2, 3])
  expect(chip.connected).toBe(false)
})

test('whatever is lost, wherever, another contact finishes it, and nothing is done twice', async () => {
  const losses = fc.array(fc.constantFrom('before' as const, 'after' as const, undefined), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(losses, fc.array(fc.boolean(), { maxLength: 30 }), async (chips, centers) => {
      const chip = new AddingChip(at => chips[at])
      let asked = 0
      const drop = () => centers[asked++] ?? false
      let end: Result<number, Refusal> = no(refusal('busy'))
      for (let contact = 0; !end.ok; contact++) {
        expect(contact).toBeLessThanOrEqual(60)
        end = await relay(chip, center(4, drop), () => {})
        if (!end.ok) expect(['chip-gone', 'center-unreachable']).toContain(end.refusal.code)
        expect(chip.connected).toBe(false)
      }
      expect(chip.sum).toBe(4)
    }),
  )
})

test('without a chip the center is not even asked', async () => {
  const asked: unknown[] = []
  const nowhere: Reader = { connect: async () => false, transmit: async () => undefined, disconnect: async () => {} }
  const result = await relay(
    nowhere,
    async round => {
      asked.push(round)
      return no(refusal('busy'))
    },
    () => {},
  )
  expect(result).toEqual(no(refusal('chip-absent')))
  expect(asked).toEqual([])
})

test.each<[string, Partial<Turn<number>>]>([
  ['bytes that are no base64url', { commands: ['&&&&'] }],
  ['another spelling of base64url', { commands: ['AAAAAB'] }],
  ['less than a command', { commands: [base64url(Uint8Array.of(0x80))] }],
  ['a good command before a bad one', { commands: [ASK, '='] }],
  ['a huge command', { commands: [base64url(new Uint8Array(70_000))] }],
  ['text without end', { commands: ['A'.repeat(10_000_000)] }],
  ['no token to go on with', { token: undefined }],
  ['too many commands', { commands: Array<string>(COMMANDS_MAX + 1).fill(ASK) }],
])('garbage from the center never reaches the chip: %s', async (_, garbage) => {
  const chip = new AddingChip()
  const turn: Turn<number> = { token: 't', commands: [], done: false, report: 0, ...garbage }
  const result = await relay(
    chip,
    async () => ok(turn),
    () => {},
  )
  expect(result).toMatchObject({ ok: false, refusal: { code: 'center-garbled' } })
  expect(chip.answered).toBe(0)
})

test('a center that never ends a contact does not hold the chip for ever', async () => {
  const chip = new AddingChip()
  const endless: Correspondent<number> = async () => ok({ token: 't', commands: [ASK], done: false, report: 0 })
  expect(await relay(chip, endless, () => {})).toMatchObject({ ok: false, refusal: { code: 'center-garbled' } })
  expect(chip.answered).toBe(ROUNDS_MAX)
  expect(chip.connected).toBe(false)
})

test('what comes with the last word is still delivered', async () => {
  const chip = new AddingChip()
  const once: Correspondent<string> = async () =>
    ok({ token: 't', commands: [command(0)], done: true, report: 'confirmed' })
  expect(await relay(chip, once, () => {})).toEqual(ok('confirmed'))
  expect(chip.sum).toBe(1)
})

test('when the chip is gone half-way, what it did say is still brought to the center', async () => {
  const chip = new AddingChip(at => (at === 2 ? 'before' : undefined))
  const rounds: (readonly string[])[] = []
  const three: Correspondent<number> = async ({ responses }) => {
    rounds.push(responses)
    return ok({ token: 't', commands: [command(0), command(1), command(2)], done: false, report: 0 })
  }
  expect(await relay(chip, three, () => {})).toEqual(no(refusal('chip-gone', { answered: 2 })))
  expect(rounds.map(responses => responses.length)).toEqual([0, 2])
  expect(chip.sum).toBe(2)
})
