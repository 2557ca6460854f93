import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { paginateListFunctions } from '@aws-sdk/client-lambda'
import { afterEach, describe, expect, it } from 'vitest'
import { parseFleet } from '../../simulator/fleet-file.ts'
import { parseCommand } from '../../simulator/options.ts'
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts'
import type { FleetOptions } from '../../simulator/truth/fleet.ts'
import type { Group } from '../../simulator/truth/group.ts'
import type { Lambda } from '../../simulator/truth/lambda.ts'
import { seriesKey } from '../../simulator/truth/series.ts'
import { createTruth, type Truth } from '../../simulator/truth/truth.ts'
import { makeClients } from './aws-clients.ts'

const ACCOUNT = '123456789012'
const NOW = '2026-11-23T12:00:00Z'
const NOW_MS = Date.parse(NOW)
const MINUTE_MS = 60_000
const FINAL = Number.POSITIVE_INFINITY

function makeTruth(document: object, more: Partial<FleetOptions> = {}): Truth {
  const {
    functions = 12,
    regions = ['us-east-1'],
    groups = [],
    changes = [],
  } = parseFleet({ now: NOW, ...document })
  return createTruth({
    seed: 1,
    accountIds: [ACCOUNT],
    regions,
    lambdasPerAccount: functions,
    activeShare: 1,
    groups,
    changes,
    ...more,
  })
}

/** The samples of a function's metric, minute by minute. */
function read(truth: Truth, lambda: Lambda, metric: string, minutes: number): readonly (readonly number[])[] {
  const key = seriesKey(metric, [{ Name: 'FunctionName', Value: lambda.name }])
  const series = truth.series(ACCOUNT, lambda.region).get(key)
  return Array.from({ length: minutes }, (_, minute) =>
    series ? truth.samples(series, NOW_MS + minute * MINUTE_MS, FINAL) : [],
  )
}

const groupsOf = (groups: object[]): readonly Group[] => parseFleet({ groups }).groups ?? []

describe('a fleet file', () => {
  it('has nothing before the time since which it runs', async () => {
    const groups = [{ name: 'g', share: 1, traits: ['plain'], perMin: 30 }]
    const since = '2026-11-01T00:00:00Z'
    const fleet = parseFleet({
      functions: 1,
      regions: ['us-east-1'],
      groups,
      since,
      now: '2026-11-01T02:00:00Z',
    })
    const running = await startSimulator({ latencyMs: 0, ...fleet })
    try {
      const { accounts } = running.control('truth') as {
        accounts: [{ regions: [{ functions: [{ name: string }] }] }]
      }
      const name = accounts[0].regions[0].functions[0].name
      const hours = [Date.parse(since) - 3_600_000, Date.parse(since) + 3_600_000]
      const asked = `region=us-east-1&metric=Invocations&statistic=Sum&startMs=${hours[0]}&endMs=${hours[1]}`
      const { values } = running.control(`truth/values?${asked}&FunctionName=${name}`) as {
        values: { timeMs: number }[]
      }
      expect(Math.min(...values.map(({ timeMs }) => timeMs))).toBe(Date.parse(since))
    } finally {
      await running.close()
    }
  })

  it('gives each group its share, in every prefix of a region', () => {
    const truth = makeTruth({
      functions: 100,
      groups: [
        { name: 'hot', share: 0.1, perMin: [60, 80] },
        { name: 'idle', share: 0.6, activity: 'idle' },
        { name: 'rest', share: 0.3 },
      ],
    })
    const lambdas = truth.fleet.lambdas(ACCOUNT, 'us-east-1')
    const count = (name: string, most = 100): number =>
      lambdas.slice(0, most).filter(({ group }) => group === name).length
    expect([count('hot'), count('idle'), count('rest')]).toEqual([10, 60, 30])
    expect([count('hot', 10), count('idle', 10), count('rest', 10)]).toEqual([1, 6, 3])
  })

  it('draws rates beyond thirty a minute without bias', () => {
    const truth = makeTruth({
      functions: 1,
      groups: [{ name: 'hot', share: 1, perMin: 200, traits: ['plain'] }],
    })
    const [lambda] = truth.fleet.lambdas(ACCOUNT, 'us-east-1')
    const counts = read(truth, lambda as Lambda, 'Invocations', 100).map(({ length }) => length)
    const mean = counts.reduce((sum, each) => sum + each, 0) / counts.length
    expect(mean).toBeGreaterThan(195)
    expect(mean).toBeLessThan(205)
  })

  it('has one burst in each cycle of a bursty function, and nothing of an idle one', () => {
    const activity = { burstMin: 10, everyMin: 120 }
    const truth = makeTruth({
      functions: 2,
      groups: [
        { name: 'bursty', share: 0.5, activity, perMin: 20, traits: ['plain'] },
        { name: 'idle', share: 0.5, activity: 'idle' },
      ],
    })
    const [bursty, idle] = truth.fleet.lambdas(ACCOUNT, 'us-east-1') as [Lambda, Lambda]
    const busy = read(truth, bursty, 'Invocations', 1_200).filter(({ length }) => length > 0).length
    expect(busy).toBeGreaterThanOrEqual(85)
    expect(busy).toBeLessThanOrEqual(110)
    expect(read(truth, idle, 'Invocations', 1_200).flat()).toEqual([])
  })

  it('keeps durations within their bound, but for those that run on towards the timeout', () => {
    const group = { name: 'g', share: 1, timeoutSec: 900, medianMs: [100, 9_000], maxMs: 20_000, perMin: 30 }
    const durations = (more: object): readonly number[] => {
      const truth = makeTruth({ functions: 4, groups: [{ ...group, ...more }] })
      const lambdas = truth.fleet.lambdas(ACCOUNT, 'us-east-1')
      return lambdas.flatMap((lambda) => read(truth, lambda, 'Duration', 120).flat())
    }
    expect(Math.max(...durations({}))).toBe(20_000)
    const stretched = durations({ longShare: 0.01 })
    const long = stretched.filter((each) => each > 20_000)
    expect(long.length / stretched.length).toBeCloseTo(0.01, 2)
    expect(Math.max(...stretched)).toBe(900_000)
  })

  it('ends an invocation by the timeout of the version that runs it', () => {
    const group = {
      name: 'g',
      share: 1,
      traits: ['provisioned'],
      timeoutSec: 3,
      versionTimeoutsSec: [900, 30],
      medianMs: 60_000,
      perMin: 30,
    }
    const truth = makeTruth({ functions: 1, groups: [group] })
    const [lambda] = truth.fleet.lambdas(ACCOUNT, 'us-east-1') as [Lambda]
    const most = (version: string | undefined): number => {
      const Resource = version === undefined ? lambda.name : `${lambda.name}:live`
      const dimensions = [
        { Name: 'FunctionName', Value: lambda.name },
        { Name: 'Resource', Value: Resource },
        ...(version === undefined ? [] : [{ Name: 'ExecutedVersion', Value: version }]),
      ]
      const series = truth.series(ACCOUNT, 'us-east-1').get(seriesKey('Duration', dimensions))
      const minutes = Array.from({ length: 60 }, (_, minute) => NOW_MS + minute * MINUTE_MS)
      return Math.max(...minutes.flatMap((atMs) => (series ? truth.samples(series, atMs, FINAL) : [])))
    }
    expect(most(undefined)).toBe(3_000)
    expect(most('2')).toBe(30_000)
    expect(most('1')).toBeGreaterThan(30_000)
  })

  it('runs Lambda@Edge functions in other regions under a name that no list has', () => {
    const regions = ['us-east-1', 'eu-west-1']
    const groups = [{ name: 'edge', share: 1, traits: ['plain'], perMin: 20, edgeRegions: ['eu-west-1'] }]
    const truth = makeTruth({ functions: 4, regions, groups })
    const here = truth.fleet.lambdas(ACCOUNT, 'eu-west-1')
    const replicas = here.filter(({ isListed }) => !isListed)
    expect(replicas.map(({ name }) => name)).toEqual(
      truth.fleet.lambdas(ACCOUNT, 'us-east-1').map(({ name }) => `us-east-1.${name}`),
    )
    expect(read(truth, replicas[0] as Lambda, 'Invocations', 10).flat().length).toBeGreaterThan(0)
    expect(new Set(here.map(({ id }) => id)).size).toBe(4)
  })

  it('stops and starts a function at its changes and cuts durations by the timeout of the time', () => {
    const groups = [{ name: 'g', share: 1, traits: ['plain'], perMin: 20, timeoutSec: 900, medianMs: 30_000 }]
    const changes = [
      { index: 0, kind: 'create', afterMin: 10 },
      { index: 0, kind: 'timeout', timeoutSec: 5, afterMin: 20 },
      { index: 0, kind: 'delete', at: '2026-11-23T12:30:00Z' },
    ]
    const truth = makeTruth({ functions: 1, groups, changes })
    const [lambda] = truth.fleet.lambdas(ACCOUNT, 'us-east-1')
    const durations = read(truth, lambda as Lambda, 'Duration', 40)
    expect(durations.map(({ length }) => length > 0)).toEqual(
      Array.from({ length: 40 }, (_, minute) => minute >= 10 && minute < 30),
    )
    expect(Math.max(...durations.slice(10, 20).flat())).toBeGreaterThan(5_000)
    expect(Math.max(...durations.slice(20, 30).flat())).toBe(5_000)
  })

  it.each([
    [{ speed: 1 }, 'unknown member speed'],
    [{ functions: 1.5 }, 'functions must be a whole number'],
    [{ regions: ['mars'] }, 'regions must be a list of names'],
    [{ now: 'soon' }, 'now must be an ISO time'],
    [{ late: { minDelaySec: 200 } }, 'late: each least must not be above its most'],
    [{ groups: [{ name: 'a', share: 0.5 }] }, 'groups: the shares must add up to 1, got 0.5'],
    [{ groups: [{ name: 'a', share: 2 }] }, 'groups[0]: share must be from 0 to 1'],
    [{ groups: [{ name: 'a', share: 1, activity: 'lazy' }] }, 'groups[0]: activity: must be an object'],
    [
      { groups: [{ name: 'a', share: 1, perMin: [9, 1] }] },
      'groups[0]: perMin must be a number or [least, most]',
    ],
    [{ groups: [{ name: 'a', share: 1, traits: ['odd'] }] }, 'groups[0]: traits must be one of plain, '],
    [
      { groups: [{ name: 'a', share: 1, timeoutSec: 901 }] },
      'groups[0]: timeoutSec must be a number above 0 up to 900',
    ],
    [{ changes: [{ index: 0, kind: 'timeout' }] }, 'changes[0]: timeoutSec is required'],
    [
      { changes: [{ index: 0, kind: 'memory', memoryMb: 20_000 }] },
      'changes[0]: memoryMb must be from 1 to 10240',
    ],
    [{ changes: [{ index: 0, kind: 'tag', key: 'team' }] }, 'changes[0]: value is required'],
    [{ services: { buckets: 3 } }, 'services: unknown member buckets; known are queues, tables, insights'],
    [{ services: { queues: 1.5 } }, 'services: queues must be a whole number'],
  ])('refuses %j and names the place', (document, message) => {
    expect(() => parseFleet(document)).toThrow(message)
  })

  it('states only what it says: absent members leave flags and defaults alone', () => {
    expect(parseFleet({})).toEqual({})
    expect(parseFleet({ services: { tables: 2 } })).toEqual({
      services: { queues: 0, tables: 2, insights: false },
    })
    expect(groupsOf([{ name: 'a', share: 1 }])[0]).toMatchObject({
      longShare: 0,
      activity: { kind: 'steady' },
    })
  })
})

describe('--fleet', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleet-'))
  const path = join(folder, 'fleet.json')
  let simulator: RunningSimulator | undefined
  afterEach(async () => {
    await simulator?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('goes before the flags, and names the file in an error', async () => {
    writeFileSync(path, JSON.stringify({ functions: 3, late: true, now: NOW }))
    const command = parseCommand(['--functions', '9', '--seed', '5', '--fleet', path])
    expect(command).toMatchObject({
      kind: 'run',
      options: { functions: 3, seed: 5, late: { minDelaySec: 20 } },
    })
    if (command.kind !== 'run') return
    simulator = await startSimulator(command.options)
    expect(simulator.control('clock')).toEqual({ nowMs: NOW_MS, frozen: true })
    writeFileSync(path, '[]')
    expect(() => parseCommand(['--fleet', path])).toThrow(`--fleet ${path}: expected a JSON object`)
  })

  it('changes functions while it runs: RevisionId, Timeout and LastModified follow', async () => {
    simulator = await startSimulator({ functions: 6, regions: ['us-east-1'], latencyMs: 0, nowMs: NOW_MS })
    const { lambda } = makeClients(simulator)
    const list = async () => {
      const all = []
      for await (const page of paginateListFunctions({ client: lambda }, {}))
        all.push(...(page.Functions ?? []))
      return all
    }
    const before = await list()
    simulator.control('functions', { index: 2, kind: 'timeout', timeoutSec: 77 })
    simulator.control('functions', { index: 3, kind: 'delete' })
    const after = await list()
    expect(after).toHaveLength(5)
    expect(after[2]).toMatchObject({ Timeout: 77, LastModified: '2026-11-23T12:00:00.000+0000' })
    expect(after[2]?.RevisionId).not.toBe(before[2]?.RevisionId)
    expect(after[1]).toEqual(before[1])
    expect(() => simulator?.control('functions', { index: 6, kind: 'delete' })).toThrow(
      'index must be below 6',
    )
  })
})
