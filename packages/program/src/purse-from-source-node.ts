/** Purses for tests, from the program as it is or as a patch has weakened it (PROTOCOL §9). */
import { builtPurse, compilePurse, type Patch } from './compile-node.ts'
import { blank, type PurseForTests } from './purse-for-tests.ts'

/** A fresh purse at each call: personalised once, then copied. @param patch  what to weaken in the program's source */
export async function purseFrom(patch?: Patch): Promise<() => PurseForTests> {
  const bytes = patch === undefined ? await builtPurse() : await compilePurse(patch)
  const made = blank(new WebAssembly.Module(bytes)).personalise()
  return () => made.fork()
}
