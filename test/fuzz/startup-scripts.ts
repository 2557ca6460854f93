/** Startup scripts as people and accidents leave them: half saved, with another encoding, or not TypeScript at all. */
import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect } from 'vitest'
import { makeHome, runs as runsBody, runTask } from '../runner/task/task-run.ts'
import { nastyText } from './nasty-json.ts'

const DEPLOYED = readFileSync(new URL('../../startup/guance_aws_lambda.ts', import.meta.url), 'utf8')

const CODES: readonly string[] = [
  'SCRIPT_INVALID',
  'BAD_PARAMETER',
  'TASK_FAILED',
  'TASK_TIMEOUT',
  'ISOLATION',
  'UNKNOWN_NAME',
]

/** Statements that load, and those that should not; put together at random. */
const SNIPPETS = [
  `import { DFF } from 'guance-aws-lambda/dff'`,
  `export const run = DFF.API('T', {}, async () => 1)`,
  `export const run = DFF.API('T', { timeout: 0 }, async () => 1)`,
  `export const run = DFF.API(undefined, null, 5)`,
  `export default 1`,
  `enum A { B }`,
  `throw undefined`,
  `throw { toString() { throw 1 } }`,
  `throw Object.create(null)`,
  `throw new Proxy(new Error('x'), { get() { throw 2 } })`,
  `process.exit(0)`,
  `process.exitCode = 7`,
  `await new Promise(() => {})`,
  `setInterval(() => {}, 1e6)`,
  `Object.prototype.kind = 'done'`,
  `Array.prototype.map = null`,
  `JSON.stringify = () => { throw 3 }`,
  `Error.prepareStackTrace = () => { throw 4 }`,
  `Error.stackTraceLimit = Infinity; (function f() { f() })()`,
  `process.send({ kind: 'failed' })`,
  `process.removeAllListeners()`,
  `globalThis.process = undefined`,
  `import './nowhere.ts'`,
  `import 'node:sqlite'`,
  `const x: string = 5`,
  `#!/usr/bin/env node`,
  `\u{1F600}`,
  `/*`,
  `export const run = { then(resolve) { resolve(this) } }`,
] as const

const script: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .shuffledSubarray([...SNIPPETS], { minLength: 1, maxLength: 4 })
      .map((all) => all.join('\n')),
  },
  fc.constantFrom(...SNIPPETS).map((one) => `${runsBody('return 1')}\n${one}`),
  fc
    .double({ min: 0, max: 1, noNaN: true })
    .map((share) => DEPLOYED.slice(0, Math.floor(DEPLOYED.length * share))),
  fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), nastyText).map(([share, text]) => {
    const at = Math.floor(DEPLOYED.length * share)
    return DEPLOYED.slice(0, at) + text + DEPLOYED.slice(at)
  }),
  fc.string({ unit: 'binary', maxLength: 200 }),
)

/** Loads each as a task does; every one loads, or fails by name and in time. */
export async function fuzzStartupScripts(count: number): Promise<void> {
  const home = await makeHome('')
  await fc.assert(
    fc.asyncProperty(script, async (text) => {
      writeFileSync(home.scriptPath, text)
      const limits = { loadMs: 2_000, graceMs: 200, killMs: 200 }
      const ran = await runTask(home, { start: { mode: 'inspect', exportName: '' }, limits })
      if (ran.outcome.kind === 'done') return
      const { code, place, expected, got, remedy } = ran.outcome.error
      expect(CODES).toContain(code)
      expect([place, expected, got, remedy].filter((part) => part === '')).toEqual([])
      expect(ran.elapsedMs).toBeLessThan(20_000)
    }),
    // A process each, and shrinking starts hundreds.
    { numRuns: count, endOnFailure: true },
  )
}
