import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const root = fileURLToPath(new URL('.', import.meta.url))

/** Of parts that keep nothing in their modules: their files share a worker, which takes half of the time of one each. */
const PURE = [
  'test/{bench,core,docs,simulator,tools}/**/*.test.ts',
  'test/scripts/guance_*/**/*.test.ts',
  'test/runner/{connector,cost,deploy,handler,market,observe,outbox,policy,secret,store,trigger}/**/*.test.ts',
]

/** Minutes, not seconds: they have a configuration of their own, vitest.chaos.config.ts. */
const CHAOS = 'test/chaos/**'

const SLOWEST = /\/test\/(e2e|chaos\/engine)\/|\/test\/chaos\/(soak|task-soak|fuzz)\./

/** What takes minutes by itself begins first, or the others wait for it at the end. */
class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await BaseSequencer.prototype.sort.call(this, files)
    const isFirst = ({ moduleId }: TestSpecification): boolean => SLOWEST.test(moduleId)
    return [...sorted.filter(isFirst), ...sorted.filter((file) => !isFirst(file))]
  }
}

export default defineConfig({
  resolve: {
    alias: [
      { find: 'guance-aws-lambda/dff', replacement: `${root}core/dff.ts` },
      { find: /^guance-aws-lambda\/sets\/(.*)$/, replacement: `${root}scripts/$1/main.ts` },
    ],
  },
  test: {
    projects: [
      { extends: true, test: { name: 'pure', include: PURE, isolate: false } },
      {
        extends: true,
        test: {
          name: 'whole',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, CHAOS, ...PURE],
        },
      },
    ],
    setupFiles: ['test/clean-environment.ts'],
    // Bounds for what hangs, not measures: a test of a dozen processes takes a minute where others keep two cores busy.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    restoreMocks: true,
    allowOnly: false,
    pool: 'forks',
    sequence: { sequencer: SlowestFirst },
    // Two more than a small machine has cores: tests that wait for a tick, a backoff or a process need none meanwhile.
    maxWorkers: Math.max(4, availableParallelism()),
    coverage: {
      provider: 'v8',
      include: ['core/**/*.ts', 'scripts/**/*.ts', 'runner/**/*.ts', 'simulator/**/*.ts'],
      exclude: ['**/*.generated.*'],
      reporter: ['text-summary', 'json-summary'],
    },
  },
})
