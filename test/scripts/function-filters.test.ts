import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { CollectorConfigs } from '../../core/dff.ts'
import { LambdaCollector, type LambdaOptions } from '../../scripts/guance_aws_lambda/main.ts'
import { Runner } from '../../scripts/guance_integration/main.ts'
import { type Aws, FIRST_TRIGGER_MS, FIVE_MINUTES_MS, NO_WAIT, startAws } from './aws-fixture.ts'
import { makeRun, makeStore, type TestRun, type TestStore } from './run-context.ts'

const ALL: CollectorConfigs = { regions: ['us-east-1'] }

let aws: Aws

beforeAll(async () => {
  aws = await startAws({ functions: 40, regions: ['us-east-1'] })
})

afterAll(async () => aws.close())

afterEach(async () => aws.control('POST', 'denials', { actions: [] }))

interface RunOptions extends LambdaOptions {
  readonly number?: number
  readonly configs?: CollectorConfigs
}

function collectorOf({ configs = ALL, ...options }: RunOptions) {
  return Runner(LambdaCollector({}, configs, { ...options, backoff: NO_WAIT }))
}

async function runAt(store: TestStore, options: RunOptions = {}): Promise<TestRun> {
  const triggerTimeMs = FIRST_TRIGGER_MS + (options.number ?? 0) * FIVE_MINUTES_MS
  const run = makeRun(store, { triggerTimeMs, session: aws.session })
  await collectorOf(options).run(run)
  return run
}

function namesOf(store: TestStore): readonly string[] {
  return store.points.flatMap(({ tags, measurement }) =>
    measurement === 'aws_lambda' ? (tags['FunctionName'] ?? '') : [],
  )
}

describe('functions that are left out', () => {
  it('by rules have no object, are not expected, and are told by number', async () => {
    const store = makeStore()
    const configs: CollectorConfigs = { ...ALL, include: { runtimes: ['nodejs*'] } }
    const run = await runAt(store, { configs })
    const names = namesOf(store)
    expect(names.length).toBeGreaterThan(3)
    expect(names.length).toBeLessThan(30)
    expect(run.lines).toContain(
      `123456789012/us-east-1: 40 functions, ${40 - names.length} of them left out by choice`,
    )
    const expected = await collectorOf({ configs }).expected?.(run)
    expect(expected?.objects[0]?.names).toEqual(names.toSorted())
    const later = await runAt(store, { configs, number: 1 })
    expect(later.lines.join('\n')).toContain(`details of ${names.length} functions read, 0 wait`)
  })

  it('by tags are chosen at the first run, and without tags nothing gets through', async () => {
    const configs: CollectorConfigs = { ...ALL, include: { tags: { stage: ['prod'] } } }
    const store = makeStore()
    await runAt(store, { configs })
    expect(namesOf(store).length).toBeGreaterThan(3)
    expect(namesOf(store).length).toBeLessThan(30)
    await aws.control('POST', 'denials', { actions: ['tag:GetResources'] })
    const closed = makeStore()
    const run = await runAt(closed, { configs })
    expect(namesOf(closed)).toEqual([])
    expect(run.problems).toMatchObject([
      { code: 'tags-unread', severity: 'error', action: 'tag:GetResources' },
    ])
    expect(run.problems[0]?.message).toContain('are left out, because include or exclude ask for tags')
  })

  it('by a filter that throws are told once, with what it threw', async () => {
    const store = makeStore()
    let calls = 0
    const filter = (): boolean => {
      calls += 1
      if (calls % 4 === 0) throw new Error('no such key')
      return true
    }
    const run = await runAt(store, { filters: [filter] })
    expect(namesOf(store)).toHaveLength(30)
    expect(run.problems).toMatchObject([
      {
        code: 'script-fault',
        message: 'A filter of the Startup script threw for 10 functions, which were left out: no such key',
      },
    ])
  })
})

describe('after_collect', () => {
  it('changes what an object says, and not what it is', async () => {
    const store = makeStore()
    const run = await runAt(store, {
      after_collect: (point) => ({
        ...point,
        measurement: 'another',
        timeMs: 0,
        tags: { ...point.tags, team: 'a, "b" 中', name: 'another' },
        fields: { ...point.fields, cost: 1 },
      }),
    })
    expect(run.problems).toEqual([])
    const objects = store.points.filter(({ measurement }) => measurement === 'aws_lambda')
    expect(objects).toHaveLength(40)
    for (const { tags, fields, timeMs } of objects) {
      expect(tags['name']).toBe(tags['FunctionName'])
      expect({ team: tags['team'], cost: fields['cost'], timeMs }).toEqual({
        team: 'a, "b" 中',
        cost: 1,
        timeMs: FIRST_TRIGGER_MS,
      })
    }
  })

  it('that throws or returns nothing leaves the object as it was, and is told', async () => {
    const broken = (): never => {
      throw new Error('broken')
    }
    for (const after_collect of [() => undefined as never, () => Promise.resolve() as never, broken]) {
      const store = makeStore()
      const run = await runAt(store, { after_collect })
      expect(namesOf(store)).toHaveLength(40)
      expect(run.problems).toMatchObject([
        { code: 'script-fault', message: expect.stringContaining('which went out unchanged') as string },
      ])
    }
  })
})
