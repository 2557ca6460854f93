import { describe, expect, it } from 'vitest'
import { errorOf, makeHome, type Ran, runs, runTask } from './task-run.ts'

const ROUTE = runs('return 1')

/** A Startup script that reaches a set whose main.ts is this text. */
async function runWithSet(main: string): Promise<Ran> {
  const script = `import 'guance-aws-lambda/sets/set_a'\n${ROUTE}`
  return runTask(
    await makeHome(script, { sets: { set_a: { 'main.ts': main, 'table.json': '{}', 'script.js': '' } } }),
  )
}

describe('a Startup script that does not load', () => {
  it.each([
    [
      'a syntax error',
      `const a = 1\nconst b = = 2\n`,
      2,
      /valid TypeScript, got SyntaxError: Expression expected/,
    ],
    [
      'an enum',
      `\n\nenum Colour { Red }\n`,
      3,
      /from which only types need to be removed.*enum is not supported/,
    ],
    ['a parameter property', `class A {\n  constructor(readonly a: number) {}\n}`, 2, /parameter propert/],
    [
      'an exception',
      `const config = undefined\nconfig.regions.push('a')`,
      2,
      /TypeError: Cannot read properties/,
    ],
    [
      'a name that a file does not export',
      `import { nope } from 'guance-aws-lambda/dff'\nnope()`,
      1,
      /does not provide an export named 'nope'/,
    ],
  ])('names file and line of %s', async (_title, text, line, message) => {
    const home = await makeHome(text)
    const error = errorOf(await runTask(home))
    expect(error).toMatchObject({
      kind: 'failed',
      code: 'SCRIPT_INVALID',
      place: `${home.scriptPath}:${line}`,
    })
    expect(error.text).toMatch(message)
  })

  it('names the file of a name declared twice', async () => {
    const home = await makeHome(`const a = 1\nlet a: number = 2\n`)
    expect(errorOf(await runTask(home))).toMatchObject({
      code: 'SCRIPT_INVALID',
      place: home.scriptPath,
      text: /'a' has already been declared/,
    })
  })

  it('keeps the code of a parameter that a validator refuses, and adds file and line', async () => {
    const home = await makeHome(
      `import { DFF } from 'guance-aws-lambda/dff'\n\nexport const run = DFF.API('T', { timeout: 4000 }, async () => 1)`,
    )
    const error = errorOf(await runTask(home))
    expect(error).toMatchObject({
      code: 'BAD_PARAMETER',
      place: `${home.scriptPath}:3: DFF.API('T'): timeout`,
    })
  })

  it('names its own line for a parameter that a set refuses, however deep inside', async () => {
    const main = `import { DffError } from 'guance-aws-lambda/dff'
function check(depth: number): never {
  if (depth > 0) return check(depth - 1)
  throw new DffError({ code: 'BAD_PARAMETER', place: 'account: ak_id', expected: 'a', got: 'b', remedy: 'c.' })
}
export const collect = (): never => check(30)`
    const script = `import { collect } from 'guance-aws-lambda/sets/set_a'\n\ncollect()\n`
    const home = await makeHome(script, { sets: { set_a: { 'main.ts': main } } })
    const ran = await runTask(home)
    expect(errorOf(ran)).toMatchObject({
      code: 'BAD_PARAMETER',
      place: `${home.scriptPath}:3: account: ak_id`,
    })
    expect(ran.lines.join('\n')).toContain('set_a/main.ts:4')
  })

  it('names the line of the set for a mistake of the set itself', async () => {
    const main = `export function collect(): void {\n  undefined.regions()\n}`
    const script = `import { collect } from 'guance-aws-lambda/sets/set_a'\ncollect()\n`
    const home = await makeHome(script, { sets: { set_a: { 'main.ts': main } } })
    expect(errorOf(await runTask(home))).toMatchObject({ code: 'SCRIPT_INVALID', place: 'set_a/main.ts:2' })
  })

  it.each([
    ['no exports', 'const a = 1', /got no exports/],
    ['only other exports', 'export const collect = async () => 1', /only other exports \(collect\)/],
  ])('says what an API function is when there are %s', async (_title, text, message) => {
    const home = await makeHome(text)
    expect(errorOf(await runTask(home))).toMatchObject({
      code: 'SCRIPT_INVALID',
      place: home.scriptPath,
      text: message,
    })
  })

  it('suggests the export that was meant', async () => {
    const ran = await runTask(await makeHome(ROUTE), { start: { exportName: 'ran' } })
    expect(errorOf(ran)).toMatchObject({ code: 'UNKNOWN_TARGET', text: /Did you mean run\?/ })
  })

  it('says that the file is not there', async () => {
    const home = await makeHome(ROUTE)
    const scriptPath = home.scriptPath.replace('test_set', 'other')
    const ran = await runTask(home, { start: { scriptPath } })
    expect(errorOf(ran)).toMatchObject({ code: 'SCRIPT_INVALID', text: /no such file.*other\.ts/ })
  })

  it('gives up on a script that never finishes loading', async () => {
    const ran = await runTask(await makeHome('await new Promise(() => setInterval(() => {}, 1000))'), {
      limits: { loadMs: 500, graceMs: 50, killMs: 50 },
    })
    expect(errorOf(ran)).toMatchObject({ kind: 'timeout', text: /the Startup script to load within 0.5 s/ })
  })
})

describe('an import that a script may not make', () => {
  it.each([
    [
      'a package that the host does not carry',
      `import 'lodash'`,
      /got the import "lodash"\. A script can import/,
    ],
    ['a package of the host', `import 'commander'`, /got the import "commander"/],
    ['a part of a library', `import '@aws-sdk/client-sts/dist-es/index.js'`, /got the import "@aws-sdk/],
    [
      'a set that is not installed',
      `import 'guance-aws-lambda/sets/nope'`,
      /an installed set \(set_a\).*dff install nope/,
    ],
    ['an inherited name as a set', `import 'guance-aws-lambda/sets/constructor'`, /an installed set/],
    ['a file that does not exist', `import './gone.ts'`, /a file that exists, got the import ".\/gone.ts"/],
    ['a file without its ending', `import './main'`, /a file that exists/],
    [
      'a file outside its folder',
      `import '../../../../startup/test_set.ts'`,
      /a file of the script's own folder/,
    ],
    ['an absolute path', `import '/etc/passwd.ts'`, /a file of the script's own folder/],
    ['code in a URL', `await import('data:text/javascript,export default 1')`, /got the import "data:/],
    [
      'a script of another language',
      `import './script.js'`,
      /a .ts or .json file, got the import "set_a\/script.js"/,
    ],
    [
      'JSON that does not say so',
      `import table from './table.json'\ntable()`,
      /import of JSON to say so.*with \{ type: 'json' \}/,
    ],
  ])('is %s', async (_title, main, message) => {
    const error = errorOf(await runWithSet(main))
    expect(error).toMatchObject({ code: 'SCRIPT_INVALID', place: 'set_a/main.ts' })
    expect(error.text).toMatch(message)
  })

  it.each(['node:sqlite', 'child_process', 'node:worker_threads', 'node:cluster', 'node:inspector/promises'])(
    'is %s, because it leads out of the task',
    async (name) => {
      const error = errorOf(await runWithSet(`import '${name}'`))
      expect(error).toMatchObject({ code: 'ISOLATION', place: 'set_a/main.ts' })
      expect(error.text).toContain(`got an import of ${name}`)
    },
  )
})
