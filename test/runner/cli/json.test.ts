import { describe, expect, it } from 'vitest'
import { makeWorld } from './double.ts'
import { RECORD } from './sample.ts'
import { runScene } from './scene.ts'

const ONE_DOCUMENT: readonly (readonly string[])[] = [
  ['market', 'list'],
  ['market', 'show', 'guance_aws_lambda'],
  ['install', 'guance_aws_lambda'],
  ['install', 'guance_aws_lambda', '--deploy'],
  ['deploy', 'guance_aws_lambda'],
  ['trigger', 'list'],
  ['trigger', 'enable', 'cron-startup__guance_aws_lambda.run'],
  ['trigger', 'disable', 'cron-startup__guance_aws_lambda.run'],
  ['trigger', 'set', 'cron-startup__guance_aws_lambda.run', '--cron', 'default'],
  ['trigger', 'pause', '--all'],
  ['trigger', 'resume', '--all'],
  ['task', 'list'],
  ['task', 'show', 'task-01'],
  ['log', 'task-01'],
  ['status'],
  ['secret', 'set', 'a.b', 'env:SECRET'],
  ['secret', 'set', 'a.b', 'env:SECRET', '--grant', 'guance_aws_lambda'],
  ['secret', 'list'],
  ['connector', 'set', 'default', '--type', 'file'],
  ['connector', 'list'],
  ['connector', 'test', 'default'],
  ['connector', 'test', 'default', '--rewrite', '--save'],
  ['outbox', 'list'],
  ['outbox', 'retry'],
  ['outbox', 'drop', '7'],
  ['backup', '/backups/home.db'],
  ['restore', '/backups/home.db'],
  ['outbox', 'drop', '--dead'],
  ['outbox', 'show', '7'],
  ['secret', 'rotate-key'],
  ['connector', 'rm', 'default'],
  ['doctor'],
  ['verify', 'guance_aws_lambda'],
  ['policy'],
  ['policy', 'guance_aws_lambda', '--terraform'],
  ['why', 'checkout', 'Errors'],
  ['plan', 'guance_aws_lambda'],
  ['plan', 'guance_aws_lambda', '--compare', 'less.ts'],
]

const STREAMS: readonly (readonly string[])[] = [
  ['exec', 'guance_aws_lambda'],
  ['log', 'task-01', '--follow'],
]

const FAILURES: readonly (readonly string[])[] = [
  ['no-such-command'],
  ['trigger'],
  ['install'],
  ['install', 'guance_aws_lamda'],
  ['install', 'guance_aws_lambda', '-p', 'region=us-east-1'],
  ['exec', 'guance_aws_lambda', '--at', 'yesterday'],
  ['exec', 'guance_aws_lambda', '--backfill', 'yesterday..today'],
  ['connector', 'set', 'default', '--type', 'file', '--rewrite', 'last'],
  ['task', 'list', '--limit', '0'],
  ['task', 'show', 'nothing'],
  ['outbox', 'drop', 'seven'],
  ['secret', 'rm', 'nothing'],
]

const env = { SECRET: 'value-of-the-secret' }

describe('--json', () => {
  it.each(ONE_DOCUMENT)('prints one document and nothing else for dff %s %s %s', async (...words) => {
    const { code, stdout, stderr } = await runScene([...words, '--json'], { env })
    expect(JSON.parse(stdout)).toBeTypeOf('object')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it('may stand before the command too', async () => {
    const { stdout } = await runScene(['--json', 'trigger', 'list'])
    expect(JSON.parse(stdout)).toHaveLength(1)
  })

  it.each(STREAMS)('prints one document a line for dff %s %s %s', async (...words) => {
    const { code, stdout } = await runScene([...words, '--json'])
    const documents = stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    expect(documents.length).toBeGreaterThan(1)
    expect(code).toBe(0)
  })

  it('ends the stream of exec with the record and the backlog', async () => {
    const { stdout } = await runScene(['exec', 'guance_aws_lambda', '--json'])
    const last: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
    expect(last).toMatchObject({ kind: 'result', record: { id: RECORD.id }, backlog: { waitingBatches: 0 } })
  })

  it('prints what dff start does as one document a line', async () => {
    const { stdout } = await runScene(['start', '--json'], {
      startHost: async (_home, { onEvent }) => {
        onEvent({ kind: 'note', text: 'task task-01 started' })
        onEvent({ kind: 'note', text: 'task task-01 success' })
      },
    })
    const notes = stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
    expect(notes).toMatchObject([{ text: 'task task-01 started' }, { text: 'task task-01 success' }])
  })

  it.each(FAILURES)(
    'prints the error of dff %s %s %s as one document, and a paragraph on stderr',
    async (...words) => {
      const { code, stdout, stderr } = await runScene([...words, '--json'])
      const document = JSON.parse(stdout) as { readonly error: Record<string, string> }
      expect(Object.keys(document.error).toSorted()).toEqual([
        'code',
        'expected',
        'got',
        'message',
        'place',
        'remedy',
      ])
      expect(code).toBe(2)
      expect(
        stderr
          .replace(/^Usage:[^]*?\n(?=error )/, '')
          .trimEnd()
          .split('\n'),
      ).toHaveLength(1)
    },
  )

  it('never prints the value of a secret', async () => {
    const world = makeWorld()
    const set = await runScene(['secret', 'set', 'a.b', 'env:SECRET', '--json'], { env, world })
    const list = await runScene(['secret', 'list', '--json'], { env, world })
    expect(world.secrets.get('a.b')?.value).toBe(env.SECRET)
    expect(set.stdout + set.stderr + list.stdout + list.stderr).not.toContain(env.SECRET)
  })
})
