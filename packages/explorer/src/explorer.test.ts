/** A small bound of the exploration, whole in seconds: `npm run explore` does the rest. */
import { compilePurse, type Patch } from '@kozeni/program/compile-node'
import { beforeAll, expect, test } from 'vitest'
import { type Design, product } from './design.ts'
import { scenario } from './scenarios.ts'
import { type Trial, tried } from './trial.ts'
import { WEAKENINGS } from './weakenings.ts'

const LIMIT = 20_000
let sound: Design

beforeAll(async () => {
  sound = await product()
})

function explored(name: string, design: Design, memory = true): Trial {
  const plot = scenario(name)
  if (plot === undefined) throw new Error(`no scenario ${name}`)
  return tried(plot, { design, limit: LIMIT, memory })
}

test.each(['load', 'pay', 'till', 'refused', 'maximum'])(
  'whatever is lost, torn, repeated or late, nothing is created or lost, and there is a way back to rest: %s',
  name => {
    const { broken, whole, rests } = explored(name, sound)
    expect(broken).toBeUndefined()
    expect(whole).toBe(true)
    expect(rests).toBeGreaterThan(1)
  },
)

test('what is remembered of the handlers is what they do: run anew each time they lead to the same states', () => {
  const [remembered, anew] = [explored('load', sound), explored('load', sound, false)]
  expect([anew.states, anew.transitions, anew.longest]).toEqual([
    remembered.states,
    remembered.transitions,
    remembered.longest,
  ])
})

test.each(WEAKENINGS.filter(({ number }) => [4, 8, 11, 14, 23].includes(number)))(
  'weakened, it is found out: $number, $name',
  async ({ make, scenario: name }) => {
    const { broken } = explored(name, await make(sound))
    expect(broken?.rule).toMatch(/^INV-/)
    expect(broken?.way.length).toBeGreaterThan(1)
  },
)

test('a chip that still takes what comes under keys that its floor has shut out is found out', async () => {
  const forgetful: Patch = (file, text) =>
    file === 'issue.ts' ? text.replace('version < head.keyFloor', 'version < 0') : text
  const { broken } = explored('keys-till', { ...sound, module: await compilePurse(forgetful) })
  expect(broken?.rule).toMatch(/^INV-KEYS/)
})
