/** The tests that mutants of record store and card manager are tried on (`npm run mutate`): those that take milliseconds. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: '.',
    include: ['packages/chip/src/{card-manager,card-manager-refusals,chip,programs,record-store}.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
