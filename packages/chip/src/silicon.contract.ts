/** What every memory of a chip must do, whatever holds its bytes. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ERASED, type Silicon } from './silicon.ts'

const SIZE = 3000

export function siliconContract(name: string, make: (sizeBytes: number) => Silicon): void {
  test(`${name}: fresh memory is erased`, () => {
    expect(make(SIZE).read(0, SIZE)).toEqual(new Uint8Array(SIZE).fill(ERASED))
  })

  test(`${name}: reads what was written last, byte for byte, and nothing else changes`, () => {
    const model = new Uint8Array(SIZE).fill(ERASED)
    const silicon = make(SIZE)
    const writes = fc.tuple(fc.nat({ max: SIZE - 200 }), fc.uint8Array({ maxLength: 200 }))
    fc.assert(
      fc.property(writes, ([at, bytes]) => {
        silicon.write(at, bytes)
        model.set(bytes, at)
        expect(silicon.read(0, SIZE)).toEqual(model)
      }),
      { numRuns: 50 },
    )
  })

  test(`${name}: what it gives out is a copy`, () => {
    const silicon = make(SIZE)
    const bytes = Uint8Array.of(1, 2, 3)
    silicon.write(5, bytes)
    bytes[0] = 9
    silicon.read(5, 3)[1] = 9
    expect(silicon.read(5, 3)).toEqual(Uint8Array.of(1, 2, 3))
  })

  test(`${name}: fills what is given to it with the same bytes`, () => {
    const silicon = make(SIZE)
    silicon.write(
      1020,
      Uint8Array.from({ length: 1500 }, (_, i) => i),
    )
    for (const [at, size] of [
      [0, SIZE],
      [1022, 3],
      [1500, 1100],
    ] as const) {
      const into = new Uint8Array(size)
      silicon.readInto(at, into)
      expect(into).toEqual(silicon.read(at, size))
    }
    expect(() => silicon.readInto(SIZE - 1, new Uint8Array(2))).toThrow('<=')
  })

  test(`${name}: counts its wear`, () => {
    const silicon = make(SIZE)
    const { writes, bytes } = silicon.wear
    silicon.write(0, new Uint8Array(10))
    silicon.write(20, new Uint8Array(1))
    expect(silicon.wear).toEqual({ writes: writes + 2, bytes: bytes + 11 })
  })

  test(`${name}: an address outside is a bug`, () => {
    const silicon = make(SIZE)
    expect(() => silicon.read(SIZE - 1, 2)).toThrow('<=')
    expect(() => silicon.write(SIZE, Uint8Array.of(1))).toThrow('<=')
    expect(() => silicon.read(-1, 1)).toThrow('<=')
  })
}
