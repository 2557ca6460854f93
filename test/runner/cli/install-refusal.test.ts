import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DffError } from '../../../core/error.ts'
import { makeWorld } from './double.ts'
import { ENTRY } from './sample.ts'
import { type Outcome, runScene, type Scene } from './scene.ts'
import { makePrompter } from './scripted-prompter.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dff-refusal-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function install(words: readonly string[], scene: Partial<Scene> = {}): Promise<Outcome> {
  return runScene(['install', 'guance_aws_lambda', ...words], scene)
}

describe('an upgrade that wants more than was granted', () => {
  const wish = new DffError({
    code: 'NOT_GRANTED',
    place: 'set guance_aws_lambda 2.0.0',
    expected: 'no more than version 1.0.0 was granted',
    got: "a wish for AWS credentials of the host's own environment",
    remedy: 'To grant it, type dff install guance_aws_lambda --grant.',
  })
  const upgrade = (words: readonly string[], scene: Partial<Scene> = {}): Promise<Outcome> => {
    const entry = { ...ENTRY, installedVersion: '1.0.0' }
    const connectors = [{ id: 'default', config: { type: 'file' }, isImplicit: false }] as const
    const world = Object.assign(makeWorld(), { wish, entry, connectors: [...connectors] })
    return install(words, { world, ...scene })
  }
  const grants = ({ world }: Outcome): unknown[] =>
    world.calls.flatMap(({ name, input }) =>
      name === 'install' ? [(input as { grant?: boolean }).grant] : [],
    )

  it('is refused where nobody can be asked, also with --yes', async () => {
    for (const words of [[], ['--yes']]) {
      const outcome = await upgrade(words)
      expect({ code: outcome.code, grants: grants(outcome) }).toEqual({ code: 3, grants: [undefined] })
      expect(outcome.stderr).toContain('dff install guance_aws_lambda --grant')
    }
  })

  it('is installed with --grant', async () => {
    const outcome = await upgrade(['--grant'])
    expect({ code: outcome.code, grants: grants(outcome) }).toEqual({ code: 0, grants: [true] })
  })

  it.each([
    ['yes', 0, [undefined, true]],
    ['no', 3, [undefined]],
  ])('is put to the user, who says %s', async (said, code, asked) => {
    const prompter = makePrompter({ 'set guance_aws_lambda 2.0.0: a wish for AWS credentials': said })
    const outcome = await upgrade([], { isTTY: true, prompter })
    expect({ code: outcome.code, grants: grants(outcome) }).toEqual({ code, grants: asked })
  })
})

describe('parameters that are an attack', () => {
  it.each([
    ['a key of every object', '{"__proto__":{"polluted":1},"regions":["us-east-1"]}', '__proto__'],
    ['another one', '{"constructor":{"prototype":{"polluted":1}},"regions":["us-east-1"]}', 'constructor'],
    ['lists in lists', `{"regions":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 'at most 64 levels'],
    ['too many values', `{"regions":[${'"us-east-1",'.repeat(60_000)}"x"]}`, 'at most 20000 values'],
    [
      'a text without end',
      `{"account_name":"${'x'.repeat(5_000_000)}","regions":["us-east-1"]}`,
      'characters',
    ],
  ])('are refused by name in time: %s', async (_title, content, part) => {
    const path = join(folder, 'attack.json')
    writeFileSync(path, content)
    const startMs = performance.now()
    const outcome = await install(['--params', path])
    expect(outcome.code).toBe(2)
    expect(outcome.stderr).toContain(part)
    expect(outcome.stderr.length).toBeLessThan(2_000)
    expect(performance.now() - startMs).toBeLessThan(20_000)
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
    expect(outcome.world.calls.map(({ name }) => name)).not.toContain('install')
  })

  it('are refused by name on the command line too', async () => {
    const outcome = await install(['-p', '__proto__=x'])
    expect(outcome.code).toBe(2)
    expect(outcome.stderr).toContain('the key __proto__')
  })
})
