import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { expectGolden } from '../../golden.ts'
import { makeWorld } from './double.ts'
import { NO_BACKLOG, NOW_MS, RECORD } from './sample.ts'
import { goldenFile, runScene } from './scene.ts'

const TRIGGER_ID = 'cron-startup__guance_aws_lambda.run'
const DATAKIT = ['connector', 'set', 'default', '--type', 'datakit', '--url', 'http://127.0.0.1:9529']

const GOLDENS: readonly (readonly [name: string, words: readonly string[]])[] = [
  ['market-list', ['market', 'list']],
  ['market-show', ['market', 'show', 'guance_aws_lambda']],
  ['install', ['install', 'guance_aws_lambda', '--home', '/home/demo']],
  ['install-deploy', ['install', 'guance_aws_lambda', '--deploy', '--force', '--home', '/home/demo']],
  ['trigger-set', ['trigger', 'set', TRIGGER_ID, '--cron', '0 * * * *', '--timezone', 'Asia/Shanghai']],
  ['trigger-pause', ['trigger', 'pause', '--all', '--until', '2026-11-23T20:00']],
  ['trigger-resume', ['trigger', 'resume', '--all']],
  ['exec', ['exec', 'guance_aws_lambda']],
  ['task-list', ['task', 'list']],
  ['task-show', ['task', 'show', 'task-01']],
  ['log', ['log', 'task-01']],
  ['status', ['status', '--home', '/home/demo']],
  ['connector-list', ['connector', 'list', '--home', '/home/demo']],
  ['outbox-list', ['outbox', 'list']],
  ['secret-rotate-key', ['secret', 'rotate-key']],
  ['outbox-show', ['outbox', 'show', '7']],
  ['outbox-retry', ['outbox', 'retry']],
  ['backup', ['backup', '/backups/home.db']],
  ['restore', ['restore', '/backups/home.db', '--home', '/home/demo']],
  ['connector-rm', ['connector', 'rm', 'staging']],
  ['verify', ['verify', 'guance_aws_lambda']],
  ['policy', ['policy']],
  ['why', ['why', 'checkout']],
  ['plan', ['plan', 'guance_aws_lambda']],
  ['plan-json', ['plan', 'guance_aws_lambda', '--json']],
  ['plan-compare', ['plan', 'guance_aws_lambda', '--compare', 'less.ts']],
  ['connector-test-rewrite', ['connector', 'test', 'default', '--rewrite', '--save']],
]

describe('output', () => {
  it.each(GOLDENS)('of %s is its golden text', async (name, words) => {
    const { code, stdout, stderr } = await runScene(words)
    expectGolden(stdout, goldenFile(name))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it('of a failed task shows the error, the dead batches and the missing action', async () => {
    const world = makeWorld()
    world.record = {
      ...RECORD,
      status: 'failure',
      exceptionType: 'DffError',
      exceptionText: 'Runner: expected data, got nothing. Look at the problems.',
      endpointUrl: 'http://127.0.0.1:4566',
    }
    world.backlog = {
      ...NO_BACKLOG,
      waitingBatches: 2,
      waitingPoints: 1_500,
      deadBatches: 1,
      deadPoints: 3,
      oldestWaitingMs: NOW_MS,
    }
    const { code, stdout } = await runScene(['exec', 'guance_aws_lambda'], { world })
    expectGolden(stdout, goldenFile('exec-failure'))
    expect(code).toBe(1)
  })

  it('shows escape sequences in names and log lines as text', async () => {
    const world = makeWorld()
    world.record = { ...RECORD, exceptionText: 'bad \u001b[2J name' }
    const { stdout } = await runScene(['task', 'show', 'task-01'], { world })
    expect(stdout).toContain('bad \\x1b[2J name')
  })
})

describe('exit code', () => {
  it.each([
    ['failure', 1],
    ['timeout', 1],
    ['skip', 1],
    ['success', 0],
  ] as const)('of exec for a task that ended as %s is %i', async (status, expected) => {
    const world = makeWorld()
    world.record = { ...RECORD, status }
    expect((await runScene(['exec', 'guance_aws_lambda'], { world })).code).toBe(expected)
  })

  it.each([
    ['failed', 1],
    ['warning', 0],
    ['ok', 0],
  ] as const)(
    'of verify, doctor and connector test for a check that is %s is %i',
    async (status, expected) => {
      const commands = [['verify', 'guance_aws_lambda'], ['doctor'], ['connector', 'test', 'default']]
      for (const words of commands) {
        const world = makeWorld()
        world.checkStatus = status
        const { code, stdout } = await runScene(words, { world })
        expect(code).toBe(expected)
        expect(stdout.includes('Create a new access key.')).toBe(status !== 'ok')
      }
    },
  )

  it('follows the code of an error of the host, and the client is closed all the same', async () => {
    const { code, stderr, world } = await runScene(['task', 'show', 'nothing'])
    expect({ code, closed: world.closed }).toEqual({ code: 2, closed: 1 })
    expect(stderr).toBe('error task: expected a known name, got nothing. Look at the list.\n')
  })

  it('is 3 when the host cannot be opened, and a stack appears only with DFF_DEBUG', async () => {
    const startHost = async (): Promise<never> => {
      const { DffError } = await import('../../../core/error.ts')
      const parts = { place: '/home', expected: 'a home', got: 'a file', remedy: 'Choose another.' }
      throw new DffError({ code: 'HOME_UNUSABLE', ...parts })
    }
    const plain = await runScene(['start'], { startHost })
    const debug = await runScene(['start'], { startHost, env: { DFF_DEBUG: '1' } })
    expect(plain.code).toBe(3)
    expect(plain.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(debug.stderr).toContain('    at ')
  })

  it.each([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['exec'], "missing required argument 'target'"],
    [['exec', 'a', 'b'], 'too many arguments'],
    [['exec', 'a', '--frce'], "unknown option '--frce'"],
    [['trigger', 'set', 'x'], "required option '--cron <expr>' not specified"],
    [['trigger', 'lst'], 'Did you mean list?'],
    [['backup'], "missing required argument 'file'"],
    [['restore'], "missing required argument 'file'"],
    [['trigger', 'pause'], "required option '--all' not specified"],
    [['trigger', 'resume'], "required option '--all' not specified"],
    [['trigger', 'pause', '--all', '--until', 'noon'], '2026-11-23T18:36:00Z'],
    [['task', 'list', '--limit', '-3'], 'whole number'],
    [['task', 'list', '--limit', '1e2'], 'whole number'],
    [['task', 'list', '--status', 'done'], 'waiting, pending'],
    [['exec', 'a', '--at', '2026-13-40T00:00Z'], '2026-11-23T18:36:00Z'],
    [['exec', 'a', '--at', 'tomorrow'], '2026-11-23T18:36:00Z'],
    [['exec', 'a', '--backfill', '2026-11-23T00:00:00Z'], 'FROM..TO'],
    [['exec', 'a', '--backfill', '2026-11-23..soon'], 'FROM..TO'],
    [['exec', 'a', '--backfill', '2026-11-21..2026-11-22..2026-11-23'], 'FROM..TO'],
    [['connector', 'set', 'default', '--type', 'file', '--rewrite', 'last'], 'a connector of type file'],
    [['connector', 'set', 'default', '--type', 'file', '--merges-fields'], '--merges-fields'],
    [[...DATAKIT, '--rewrite', 'add'], 'last, max, both or unknown'],
    [['connector', 'set', 'default', '--type', 'file', '--retention', '72'], '--retention'],
    ...['3d', '-1', '1.5', '99999'].map((hours): [string[], string] => [
      [...DATAKIT, `--retention=${hours}`],
      'a whole number of hours up to 87600',
    ]),
    [['plan', 'a', '--backfill', '2026-11-23'], 'FROM..TO'],
    [['outbox', 'list', '--state', 'gone'], 'waiting, dead'],
    [['outbox', 'drop', '7; rm'], 'the number of a batch'],
    [['outbox', 'drop'], 'the number of a batch, or --dead, got neither'],
    [['outbox', 'drop', '7', '--dead'], 'the number of a batch, or --dead, got both'],
    [['connector', 'set', 'x', '--type', 'file', '--max-backlog', '0'], 'a whole number from 1 to 1,048,576'],
    [['connector', 'set', 'default', '--type', 'kafka'], 'file, datakit or dataway'],
    [['connector', 'set', 'default', '--type', 'dataway', '--url', 'https://x'], 'workspace token'],
    [['secret', 'set', 'a.b'], 'without a terminal nothing is asked'],
    [['demo', '--functions', '0'], 'a whole number from 1'],
    [['demo', '--regions', 'two'], 'a whole number from 1'],
  ])('of dff %j is 2, with one paragraph that says what is off', async (words, part) => {
    const { code, stdout, stderr } = await runScene(words)
    expect(stderr).toContain(part)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
})

describe('dff', () => {
  it.each([
    ['2026-11-23T18:36:00Z', Date.UTC(2026, 10, 23, 18, 36)],
    ['2026-11-23T18:36', Date.UTC(2026, 10, 23, 18, 36)],
    ['2026-11-23T18:36:00+08:00', Date.UTC(2026, 10, 23, 10, 36)],
    ['2026-11-23', Date.UTC(2026, 10, 23)],
  ])('reads --at %s as an instant, UTC unless it says otherwise', async (at, atMs) => {
    const { world } = await runScene(['exec', 'guance_aws_lambda', '--at', at])
    expect(world.calls[0]).toEqual({
      name: 'exec',
      input: { target: 'guance_aws_lambda', atMs, debug: false },
    })
  })

  it('sends a window to collect again', async () => {
    const words = ['exec', 'guance_aws_lambda', '--backfill', '2026-11-23T06:00+08:00..2026-11-23T01:00']
    const { world } = await runScene(words)
    const backfill = { startMs: Date.UTC(2026, 10, 22, 22), endMs: Date.UTC(2026, 10, 23, 1) }
    expect(world.calls[0]?.input).toEqual({
      target: 'guance_aws_lambda',
      atMs: null,
      debug: false,
      backfill,
    })
  })

  it('tells a connector what its store does with a rewrite, and shows it in the list', async () => {
    const world = makeWorld()
    await runScene(DATAKIT, { world })
    expect(world.connectors[0]?.config).toEqual({ type: 'datakit', url: 'http://127.0.0.1:9529' })
    const { stdout } = await runScene([...DATAKIT, '--rewrite', 'max', '--merges-fields'], { world })
    expect(stdout).toBe('Connector default: datakit http://127.0.0.1:9529 (rewrite max, merges fields)\n')
    expect(world.connectors[0]?.config).toMatchObject({ rewrite: 'max', mergesFields: true })
    expect((await runScene(['connector', 'list'], { world })).stdout).toContain('rewrite max, merges fields')
  })

  it('tells a connector how far back its store takes points, and says no more than that', async () => {
    const world = makeWorld()
    const { stdout } = await runScene([...DATAKIT, '--retention', '72'], { world })
    expect(stdout).toBe('Connector default: datakit http://127.0.0.1:9529 (takes 72 h back)\n')
    expect(world.calls.at(-1)?.input).toMatchObject({
      config: { type: 'datakit', url: 'http://127.0.0.1:9529', retentionHours: 72 },
    })
    expect(world.connectors[0]?.config).not.toHaveProperty('rewrite')
    expect((await runScene(['connector', 'list'], { world })).stdout).toContain('takes 72 h back')
  })

  it('says that nobody knows a series, with exit code 1', async () => {
    const { code, stdout } = await runScene(['why', 'chekout'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'No deployed script knows a series of chekout.\n' })
  })

  it('sends an override, and default as none', async () => {
    const set = await runScene(['trigger', 'set', TRIGGER_ID, '--cron', '0 * * * *'])
    const reset = await runScene(['trigger', 'set', TRIGGER_ID, '--cron', 'default'])
    expect([set, reset].map(({ world }) => world.calls[0]?.input)).toEqual([
      { triggerId: TRIGGER_ID, cron: '0 * * * *', timezone: null },
      { triggerId: TRIGGER_ID, cron: null, timezone: null },
    ])
  })

  it('grants a secret to the set that is named, and shows who may use it', async () => {
    const world = makeWorld()
    const env = { KEY: 'value-of-the-secret' }
    const granted = await runScene(['secret', 'set', 'mine', 'env:KEY', '--grant', 'guance_aws_lambda'], {
      world,
      env,
    })
    const plain = await runScene(['secret', 'set', 'other', 'env:KEY'], { world, env })
    expect(world.calls.map(({ input }) => input)).toMatchObject([
      { name: 'mine', grantTo: 'guance_aws_lambda' },
      { name: 'other', grantTo: null },
    ])
    expect([granted.stdout, plain.stdout]).toEqual([
      'Stored mine, granted to startup__guance_aws_lambda.\n',
      'Stored other.\n',
    ])
    const { stdout } = await runScene(['secret', 'list'], { world })
    expect(stdout).toMatch(/^mine +.* startup__guance_aws_lambda$/m)
  })

  it('takes the home from --home, else from DFF_HOME, else the current directory', async () => {
    const home = mkdtempSync(join(tmpdir(), 'dff-cli-'))
    try {
      const seen: string[] = []
      const startHost = async (at: string): Promise<void> => void seen.push(at)
      await runScene(['start', '--home', home], { startHost, env: { DFF_HOME: '/elsewhere' } })
      await runScene(['start'], { startHost, env: { DFF_HOME: home } })
      await runScene(['start'], { startHost, env: { DFF_HOME: '' } })
      expect(seen).toEqual([home, home, process.cwd()])
    } finally {
      rmSync(home, { recursive: true })
    }
  })

  it('prints each log line once when it follows, those after the stream too', async () => {
    const { stdout } = await runScene(['log', 'task-01', '--follow'])
    expect(stdout.trimEnd().split('\n')).toEqual([
      '[11-23 18:36:00.020] [+0ms] [0ms] run collector #1: `AWS-Lambda`',
      '[11-23 18:36:00.145] [+125ms] [125ms] us-east-1: 40 functions, 名字 中文',
    ])
  })
})
