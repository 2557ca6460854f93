import { availableParallelism } from 'node:os'
import { configDefaults, defineConfig } from 'vitest/config'
import everyday from './vitest.config.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** `ci` is bounded to minutes; `long` goes on for as long as the test is worth. */
    length: 'ci' | 'long'
  }
}

const { projects: _projects, ...shared } = everyday.test ?? {}

/**
 * Tests that take minutes, by `npm run test:chaos` (bounded, called by .ci/run) and, as `--mode long`, by `npm run test:long`.
 * A test reads which of the two it is by `inject('length')`.
 */
export default defineConfig(({ mode }) => ({
  ...everyday,
  test: {
    ...shared,
    include: ['test/chaos/**/*.test.ts'],
    // Simulated days keep a core busy each; kills, faults and the time between them leave one idle.
    maxWorkers: Math.max(3, availableParallelism()),
    exclude: configDefaults.exclude,
    provide: { length: mode === 'long' ? 'long' : 'ci' },
    // A bound for what hangs, not a measure: ten minutes in CI on two cores that others use too, a night by hand.
    testTimeout: mode === 'long' ? 12 * 3_600_000 : 30 * 60_000,
    hookTimeout: 120_000,
  },
}))
