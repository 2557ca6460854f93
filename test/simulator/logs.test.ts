import {
  CloudWatchLogsClient,
  FilterLogEventsCommand,
  type FilterLogEventsCommandInput,
} from '@aws-sdk/client-cloudwatch-logs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningSimulator, startSimulator } from '../../simulator/server.ts'
import { DEFAULT_LOGS } from '../../simulator/truth/log-options.ts'
import { keysOf } from './aws-clients.ts'

const NOW_MS = Date.parse('2026-11-20T08:00:00Z')
const MINUTE_MS = 60_000
const SPAN = { startMs: NOW_MS - 30 * MINUTE_MS, endMs: NOW_MS - MINUTE_MS }

interface TrueEvent {
  readonly functionName: string
  readonly eventId: string
  readonly group: string
  readonly timestampMs: number
  readonly ingestedMs: number
  readonly message: string
}

let simulator: RunningSimulator
let client: CloudWatchLogsClient
let group: string

beforeAll(async () => {
  simulator = await startSimulator({
    functions: 12,
    regions: ['us-east-1'],
    latencyMs: 0,
    nowMs: NOW_MS,
    logs: { ...DEFAULT_LOGS, burstShare: 0.2, maxDelaySec: 90 },
  })
  client = new CloudWatchLogsClient({
    endpoint: simulator.url,
    region: 'us-east-1',
    credentials: keysOf(simulator),
    maxAttempts: 1,
  })
  group = truth()[0]?.group ?? ''
})
afterAll(async () => simulator.close())

function truth(): readonly TrueEvent[] {
  const path = `truth/logs?region=us-east-1&startMs=${SPAN.startMs}&endMs=${SPAN.endMs}`
  return (simulator.control(path) as { events: readonly TrueEvent[] }).events
}

async function readAll(input: Partial<FilterLogEventsCommandInput> = {}) {
  const events = []
  let pages = 0
  let nextToken: string | undefined
  do {
    const command = new FilterLogEventsCommand({
      logGroupName: group,
      startTime: SPAN.startMs,
      endTime: SPAN.endMs - 1,
      ...input,
      ...(nextToken === undefined ? {} : { nextToken }),
    })
    // One page after the other: each one names the next.
    const page = await client.send(command)
    events.push(...(page.events ?? []))
    pages += 1
    nextToken = page.nextToken
  } while (nextToken !== undefined)
  return { events, pages }
}

describe('FilterLogEvents', () => {
  it('gives what the truth has and was ingested, however it is cut into pages', async () => {
    const expected = truth().filter((event) => event.group === group && event.ingestedMs <= NOW_MS)
    const whole = await readAll()
    expect(whole.events.map(({ eventId }) => eventId)).toEqual(expected.map(({ eventId }) => eventId))
    expect(whole.events.map(({ message }) => message)).toEqual(expected.map(({ message }) => message))
    const small = await readAll({ limit: 7 })
    expect(small.pages).toBe(Math.ceil(expected.length / 7))
    expect(small.events).toEqual(whole.events)
  })

  it('includes both ends, and has several events of one millisecond', async () => {
    const { events } = await readAll()
    const times = events.map(({ timestamp = 0 }) => timestamp)
    const twice = times.find((time, index) => times.indexOf(time) < index) ?? 0
    expect(twice).toBeGreaterThan(0)
    const { events: alone } = await readAll({ startTime: twice, endTime: twice })
    expect(alone).toEqual(events.filter(({ timestamp }) => timestamp === twice))
  })

  it('has pages without events that have a token all the same', async () => {
    const whole = await readAll()
    simulator.control('logs', { emptyShare: 0.6 })
    const thin = await readAll({ limit: 50 })
    simulator.control('logs', { emptyShare: 0 })
    expect(thin.pages).toBeGreaterThan(Math.ceil(whole.events.length / 50))
    expect(thin.events).toEqual(whole.events)
  })

  it('refuses a group that does not exist, a token of another question, and times the wrong way round', async () => {
    await expect(readAll({ logGroupName: '/no/such/group' })).rejects.toThrow(
      expect.objectContaining({ name: 'ResourceNotFoundException' }),
    )
    const { nextToken } = await client.send(
      new FilterLogEventsCommand({ logGroupName: group, startTime: SPAN.startMs, limit: 1 }),
    )
    const stray = { startTime: 0, endTime: 1, nextToken: nextToken ?? '' }
    await expect(client.send(new FilterLogEventsCommand({ logGroupName: group, ...stray }))).rejects.toThrow(
      /token/,
    )
    await expect(readAll({ startTime: 2, endTime: 1 })).rejects.toThrow(/startTime/)
  })
})

describe('the truth of logs', () => {
  it('has one report for each invocation, in the minute in which it ended', () => {
    const path = `truth/reports?region=us-east-1&startMs=${SPAN.startMs}&endMs=${SPAN.endMs}`
    const { minutes } = simulator.control(path) as {
      minutes: readonly { timeMs: number; invocations: number; functionName: string }[]
    }
    const lines = truth().filter(({ message }) => message.startsWith('REPORT '))
    expect(minutes.reduce((sum, { invocations }) => sum + invocations, 0)).toBe(lines.length)
    expect(lines.length).toBeGreaterThan(200)
    expect(new Set(truth().map(({ eventId }) => eventId)).size).toBe(truth().length)
  })
})
