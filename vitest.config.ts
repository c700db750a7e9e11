/** How tests run: files side by side in processes of their own, since some start databases and card services. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'checks/*.test.ts'],
    globalSetup: 'packages/center/src/postgres-for-tests.ts',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
