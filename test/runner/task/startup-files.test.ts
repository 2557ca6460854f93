import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkScriptPlace, startupFiles } from '../../../runner/task/startup-files.ts'
import { errorOf, makeHome, runs, runTask, type TaskHome } from './task-run.ts'

const READ = (name: string): string =>
  runs(`return (await import('node:fs')).readFileSync(new URL('${name}', import.meta.url), 'utf8')`)

async function makeLinked(script: string): Promise<TaskHome> {
  const home = await makeHome(script, {
    files: {
      '.dff/key': 'the key',
      'startup/lib/filters.ts': 'export const filter = 7',
      'startup/.env': 'hidden',
      'elsewhere/x.ts': 'private',
    },
  })
  const startup = join(home.root, 'startup')
  symlinkSync('../.dff/key', join(startup, 'notes.ts'))
  symlinkSync('../elsewhere', join(startup, 'more'))
  symlinkSync('../../.dff', join(startup, 'lib', 'deep'))
  symlinkSync('nowhere', join(startup, 'broken.ts'))
  symlinkSync('lib/filters.ts', join(startup, 'filters.ts'))
  symlinkSync('.', join(startup, 'loop'))
  return home
}

describe('files beside a Startup script', () => {
  it('are those that lie in its folder, whatever links lie among them', async () => {
    const home = await makeLinked(runs('return 1'))
    const names = startupFiles(home.scriptPath).map((path) => path.slice(home.root.length))
    expect(names).toContain('/startup/test_set.ts')
    expect(names).toContain('/startup/filters.ts')
    expect(names).toContain('/startup/lib/filters.ts')
    expect(names.filter((name) => /notes|more|deep|broken|\.env|\.dff|elsewhere/.test(name))).toEqual([])
    expect(names.length).toBeLessThan(1_000)
  })

  it.each([
    ['a link to the key', 'notes.ts'],
    ['a file in a linked folder', 'more/x.ts'],
    ['a file in a folder linked deeper down', 'lib/deep/key'],
  ])('cannot be %s', async (_title, name) => {
    const ran = await runTask(await makeLinked(READ(name)))
    expect(errorOf(ran)).toMatchObject({ code: 'ISOLATION', text: /a read of / })
  })

  it('can be imported from folders below and through links within', async () => {
    const script = `import { filter } from './lib/filters.ts'
import { filter as linked } from './filters.ts'
${runs('return filter + linked')}`
    const ran = await runTask(await makeLinked(script))
    expect(ran.outcome).toMatchObject({ value: { returnValue: 14 } })
  })

  it('are at most a thousand, so that a folder full of files still lets the script run', async () => {
    const home = await makeHome(runs('return 1'))
    const many = join(home.root, 'startup', 'many')
    mkdirSync(many)
    for (let index = 0; index < 1_200; index += 1) writeFileSync(join(many, `${index}.ts`), '')
    expect(startupFiles(home.scriptPath).length).toBeLessThanOrEqual(1_001)
    expect((await runTask(home)).outcome.kind).toBe('done')
  })
})

describe('a star in a name', () => {
  it('opens nothing: Node would read it as every file that begins like it, the links out among them', async () => {
    const home = await makeLinked(READ('notes.ts'))
    const startup = join(home.root, 'startup')
    mkdirSync(join(startup, 'n*'))
    for (const name of ['*', 'n*/x.ts', 'lib/*']) writeFileSync(join(startup, name), '')
    expect(startupFiles(home.scriptPath).filter((path) => path.includes('*'))).toEqual([])
    expect(errorOf(await runTask(home))).toMatchObject({ code: 'ISOLATION', text: /a read of / })
  })

  it('of the home or of a folder above it keeps a task from being started, with a word of what to do', async () => {
    const home = await makeHome(READ('../.dff/key'), { files: { '.dff/key': 'the key' } })
    const moved = `${home.root}-ab*cd`
    renameSync(home.root, moved)
    onTestFinished(() => rmSync(moved, { recursive: true, force: true }))
    const ran = await runTask(home, { start: { scriptPath: join(moved, 'startup', 'test_set.ts') } })
    expect(ran.pid).toBe(0)
    expect(errorOf(ran)).toMatchObject({
      code: 'HOME_UNUSABLE',
      text: /expected a path without \*, .* Rename the folder/,
    })
  })
})

describe('a Startup script', () => {
  it('that is a link out of its folder is refused, naming where it leads', async () => {
    const home = await makeLinked(runs('return 1'))
    const path = join(home.root, 'startup', 'notes.ts')
    expect(() => checkScriptPlace(path)).toThrow(
      expect.objectContaining({ code: 'SCRIPT_INVALID', parts: expect.objectContaining({ place: path }) }),
    )
    expect(() => checkScriptPlace(join(home.root, 'startup', 'filters.ts'))).not.toThrow()
  })

  it('may lie in a folder that is a link as a whole', async () => {
    const home = await makeLinked(runs('return 1'))
    symlinkSync('startup', join(home.root, 'linked'))
    expect(() => checkScriptPlace(join(home.root, 'linked', 'test_set.ts'))).not.toThrow()
  })
})
