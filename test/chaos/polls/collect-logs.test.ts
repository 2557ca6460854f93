import { describe, expect, it } from 'vitest'
import { LogPoller, MINUTE_MS, START_MS, type TrueMinute } from '../../scripts/logs-fixture.ts'

/** Where the first look begins. */
const FIRST_MS = START_MS - 30 * MINUTE_MS
const END_MS = START_MS + 30 * MINUTE_MS

const LOSSLESS = { missing: 0, duplicates: 0, samples: [] }

/** Everything of the time before the end has come, and what is open is final. */
async function settle(poller: LogPoller): Promise<void> {
  await poller.pollAll(END_MS, END_MS + 20 * MINUTE_MS)
}

function keyOf({ functionName, timeMs }: TrueMinute): string {
  return `${functionName} ${timeMs}`
}

describe('logs of functions', () => {
  it('brings every event once, from half an hour before the first poll on', async () => {
    await using poller = await LogPoller.start()
    await poller.pollAll(START_MS, END_MS)
    await settle(poller)
    const audit = poller.audit(FIRST_MS, END_MS)
    expect(audit).toMatchObject(LOSSLESS)
    expect(audit.expected).toBeGreaterThan(1_000)
    expect(poller.problems()).toEqual([])
  })

  it('finds events that come late, in bursts, behind empty pages and in another order', async () => {
    await using poller = await LogPoller.start({
      logs: { lateShare: 0.1, maxLateSec: 590, emptyShare: 0.3, burstShare: 0.3 },
    })
    poller.aws.simulator.control('chaos', {
      seed: 5,
      rate: 0.2,
      kinds: ['partialPage', 'emptyPage', 'repeatedPage', 'oddOrder'],
      apis: ['logs:*'],
    })
    await poller.pollAll(START_MS, END_MS)
    await settle(poller)
    expect(poller.audit(FIRST_MS, END_MS)).toMatchObject(LOSSLESS)
  })

  it('catches up after an outage of hours', async () => {
    await using poller = await LogPoller.start({ functions: 6, sinceMs: START_MS - 600 * MINUTE_MS })
    await poller.poll(START_MS - 480 * MINUTE_MS)
    await poller.poll(START_MS)
    await settle(poller)
    const audit = poller.audit(START_MS - 510 * MINUTE_MS, END_MS)
    expect(audit).toMatchObject(LOSSLESS)
    expect(audit.expected).toBeGreaterThan(1_000)
  })

  it('has function, request and level on every line', async () => {
    await using poller = await LogPoller.start({ logs: { jsonShare: 0.5 } })
    await poller.poll(START_MS)
    const logs = poller.logs()
    const lines = logs.filter(({ fields }) => !String(fields['message']).startsWith('{'))
    expect(lines.length).toBeGreaterThan(100)
    expect(lines.length).toBeLessThan(logs.length)
    for (const { measurement, tags, fields } of logs) {
      expect(measurement).toBe(`/aws/lambda/${tags['FunctionName']}`)
      expect(tags).toMatchObject({ account_id: '123456789012', RegionId: 'us-east-1', cloud_provider: 'aws' })
      expect(tags['log_group']).toBe(measurement)
      expect(tags['log_stream']).toMatch(/^2026\/11\/20\//)
      expect(fields['status']).toMatch(/^(?:debug|info|warning|error|critical)$/)
    }
    // Whose START is older than the first look has no request.
    const begun = logs.filter(({ timeMs }) => timeMs > FIRST_MS + 15 * MINUTE_MS)
    const without = begun.filter(({ fields }) => fields['request_id'] === undefined)
    expect(without.map(({ fields, timeMs }) => `${timeMs - FIRST_MS} ${fields['message']}`)).toEqual([])
  })
})

describe('what reports add up to', () => {
  it('is one line a minute where the store keeps the newest, though the function is deleted meanwhile', async () => {
    const deletedMs = START_MS + 12 * MINUTE_MS
    const deletions = Array.from({ length: 12 }, (_, index) => ({
      accountId: '123456789012',
      index,
      kind: 'delete' as const,
      atMs: deletedMs,
    }))
    await using poller = await LogPoller.start({ changes: deletions })
    poller.sink = { rewrite: 'last', mergesFields: false }
    poller.configs = { auto: { regions: ['us-east-1'] }, object_tags: ['Runtime'] }
    await poller.pollAll(START_MS, END_MS + 20 * MINUTE_MS)
    const tagsOf = new Map<string, Set<string>>()
    const begunMs = START_MS + 10 * MINUTE_MS
    const late = poller.reports().filter(({ timeMs }) => timeMs > begunMs - 8 * MINUTE_MS)
    expect(late.some(({ timeMs }) => timeMs > begunMs)).toBe(true)
    for (const { tags, timeMs, fields } of late) {
      const key = `${tags['name']} ${timeMs}`
      tagsOf.set(key, (tagsOf.get(key) ?? new Set()).add(JSON.stringify(tags)))
      // Begun while the function was known, and ended when it was not.
      if (timeMs < begunMs - MINUTE_MS) expect(fields).toHaveProperty('estimated_cost_usd')
    }
    expect([...tagsOf].filter(([, sets]) => sets.size > 1)).toEqual([])
  })

  it.each(['unknown', 'last'] as const)(
    'is the truth of each minute, where rewrites are %s',
    async (rewrite) => {
      await using poller = await LogPoller.start({
        logs: { coldShare: 0.3, jsonShare: 0.4, sharedShare: 0.3 },
      })
      poller.sink = { rewrite, mergesFields: false }
      await poller.pollAll(START_MS, END_MS)
      await settle(poller)
      const truth = new Map(poller.truth(FIRST_MS, END_MS).map((minute) => [keyOf(minute), minute]))
      const held = new Map(
        poller
          .reports()
          .filter(({ timeMs }) => timeMs < END_MS)
          .map((point) => [`${point.tags['FunctionName']} ${point.timeMs}`, point.fields]),
      )
      expect([...held.keys()].toSorted()).toEqual([...truth.keys()].toSorted())
      for (const [key, minute] of truth) {
        expect({ key, ...held.get(key) }).toMatchObject({
          key,
          invocations: minute.invocations,
          cold_starts: minute.coldStarts,
          errors: minute.errors + minute.timeouts,
          timeouts: minute.timeouts,
          out_of_memory: minute.outOfMemory,
          duration_ms_sum: minute.durationMsSum,
          duration_ms_max: minute.durationMsMax,
          billed_duration_ms_sum: minute.billedMsSum,
          max_memory_used_mb_max: minute.maxMemoryMbMax,
        })
      }
      const times = poller.reports().map(({ tags, timeMs }) => `${tags['FunctionName']} ${timeMs}`)
      if (rewrite === 'unknown') expect(new Set(times).size).toBe(times.length)
    },
  )
})
