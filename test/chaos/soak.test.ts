import { statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS } from '../../core/time.ts'
import type { Counters } from '../../simulator/counters.ts'
import { openSimulatedHome, type Poll, type SimulatedHome } from '../../tools/simulated-home.ts'
import { FAULTS, type PollFault } from './poll-fault.ts'

const FLEET = fileURLToPath(new URL('soak.fleet.json', import.meta.url))
const START_MS = Date.parse('2026-06-01T00:00:00Z')
const DAYS = inject('length') === 'long' ? 7 : 1
const END_MS = START_MS + DAYS * DAY_MS

const POLL_MS = 5 * MINUTE_MS
const FAULT_EVERY = 10

/** Data come up to six hours late, and the daily audit must have come by after that: it has 64 buckets, a day more rare polls. */
const SETTLE_MS = 31 * HOUR_MS
const RARE_POLL_MS = 20 * MINUTE_MS

/** A host prunes once an hour of real time, of which a simulated day has none, and when it opens: here in each simulated hour. */
const REOPEN_MS = HOUR_MS

/** From then on memory must not grow any more: the first look is over, and every bucket has been read and written. */
const WARM_MS = START_MS + 4 * HOUR_MS
/** From then on the database must not: the digests of lines that audits compare with are kept for 31 hours. */
const FULL_MS = START_MS + 32 * HOUR_MS

/** Measured: 138 to 174 MB, the more the rarer the polls are. Design §8 has 300 for 10,000 functions. */
const MAX_RSS_MB = 220
/** Measured: 1.0 MB after the first poll, 2.77 at the most, after 31 hours. */
const MAX_DATABASE_MB = 4
/** Measured: 1.01. */
const MAX_DATABASE_GROWTH = 1.1

interface Sample {
  readonly atMs: EpochMs
  readonly fault: PollFault | undefined
  readonly poll: Poll | undefined
}

interface Size {
  readonly atMs: EpochMs
  readonly databaseMB: number
}

interface Soak {
  readonly samples: Sample[]
  readonly sizes: Size[]
}

let home: SimulatedHome | undefined

afterEach(async () => {
  await home?.close()
  home = undefined
})

/** Closed, SQLite has moved its log into the file. */
async function measureClosed(soaked: SimulatedHome, atMs: EpochMs): Promise<Size> {
  await soaked.reopen()
  return { atMs, databaseMB: statSync(join(soaked.root, '.dff', 'host.db')).size / 1e6 }
}

/** The fault of the n-th poll, if it is its turn. */
function faultOf(nth: number): PollFault | undefined {
  const isTurn = nth % FAULT_EVERY === FAULT_EVERY - 1
  return isTurn ? FAULTS[Math.floor(nth / FAULT_EVERY) % FAULTS.length] : undefined
}

async function pollWithFaults(soaked: SimulatedHome, { samples, sizes }: Soak): Promise<void> {
  for (let nth = 0; START_MS + nth * POLL_MS < END_MS; nth += 1) {
    const atMs = START_MS + nth * POLL_MS
    const fault = faultOf(nth)
    const poll = await (fault?.poll(soaked, atMs, nth) ?? soaked.pollAt(atMs))
    samples.push({ atMs, fault, poll })
    if (atMs % REOPEN_MS === 0) sizes.push(await measureClosed(soaked, atMs))
  }
}

async function pollUntilSettled(soaked: SimulatedHome, { samples, sizes }: Soak): Promise<void> {
  for (let atMs = END_MS; atMs <= END_MS + SETTLE_MS; atMs += RARE_POLL_MS) {
    samples.push({ atMs, fault: undefined, poll: await soaked.pollAt(atMs) })
    if (atMs % REOPEN_MS === 0) sizes.push(await measureClosed(soaked, atMs))
  }
}

function rssMB({ poll }: Sample): number {
  return (poll?.record.resources?.peakRssBytes ?? 0) / 1e6
}

function describeEnd({ atMs, fault, poll }: Sample): string {
  const { status, exceptionText = '' } = poll?.record ?? { status: 'no record' }
  return `${new Date(atMs).toISOString()} ${fault?.name ?? 'no fault'}: ${status} ${exceptionText}`
}

function expectEnds(samples: readonly Sample[]): void {
  const isAsMeant = ({ fault, poll }: Sample): boolean =>
    poll?.record.status === (fault === undefined ? 'success' : fault.status)
  expect(samples.filter((sample) => !isAsMeant(sample)).map(describeEnd)).toEqual([])
  expect(samples.filter(({ fault }) => fault !== undefined)).toHaveLength(
    Math.floor((DAYS * DAY_MS) / POLL_MS / FAULT_EVERY),
  )
}

function expectFlat({ samples, sizes }: Soak): void {
  const warm = samples.filter(({ atMs }) => atMs >= WARM_MS).map(rssMB)
  expect(Math.max(...warm)).toBeGreaterThan(0)
  expect(Math.max(...warm)).toBeLessThan(MAX_RSS_MB)
  const full = sizes.filter(({ atMs }) => atMs >= FULL_MS).map(({ databaseMB }) => databaseMB)
  expect(full.length).toBeGreaterThan(0)
  expect(Math.max(...sizes.map(({ databaseMB }) => databaseMB))).toBeLessThan(MAX_DATABASE_MB)
  expect(Math.max(...full) / (full[0] ?? 0)).toBeLessThan(MAX_DATABASE_GROWTH)
}

describe('a home of 300 functions over simulated days, with a fault in one poll of ten', () => {
  it('holds the truth at the end, and neither memory nor database keep growing', async () => {
    home = await openSimulatedHome({
      simulatorArgs: ['--fleet', FLEET, '--latency', '0', '--replace-lines'],
      sink: { rewrite: 'last', mergesFields: false },
    })
    const soak: Soak = { samples: [], sizes: [] }
    await pollWithFaults(home, soak)
    await pollUntilSettled(home, soak)
    expectEnds(soak.samples)
    expectFlat(soak)
    const { errors, receiver } = await home.control<Counters>('counters')
    expect(errors['cloudwatch:GetMetricData']).toBeGreaterThan(0)
    expect(receiver.requests - receiver.accepted).toBeGreaterThan(0)
    const audit = await home.control('audit', {
      startMs: START_MS - 3 * HOUR_MS,
      endMs: END_MS,
      publications: true,
    })
    expect(audit).toMatchObject({ missing: 0, wrong: 0, extra: 0, valueError: 0 })
  })
})
