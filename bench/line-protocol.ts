import { encodeLine } from '../runner/line-protocol/encode.ts'
import type { Point } from '../core/point.ts'
import type { BenchResult } from './report.ts'

const POINTS = 100_000
const ROUNDS = 5

/** Shaped like what one poll of a fleet yields: six tags, ten float fields, 1,000 functions. */
function makePoints(): Point[] {
  return Array.from({ length: POINTS }, (_, index) => ({
    category: 'metric' as const,
    measurement: 'aws_AWS/Lambda',
    tags: {
      FunctionName: `orders-${index % 1000}`,
      name: `orders-${index % 1000}`,
      Dimensions: 'FunctionName',
      RegionId: 'us-east-1',
      account_id: '123456789012',
      account_name: 'production, main',
    },
    fields: Object.fromEntries(
      Array.from({ length: 10 }, (__, field) => [`Metric${field}_Average`, (index * 31 + field) / 7]),
    ),
    timeMs: 1_700_000_000_000 + Math.floor(index / 1000) * 60_000,
  }))
}

function secondsOf(act: () => void): number {
  const startedNs = process.hrtime.bigint()
  act()
  return Number(process.hrtime.bigint() - startedNs) / 1e9
}

/** Best of several rounds: noise on a shared machine only ever adds time. */
function bestSeconds(act: () => void): number {
  return Math.min(...Array.from({ length: ROUNDS }, () => secondsOf(act)))
}

/** Points a second through the serializer, and how that compares with JSON.stringify of the same points in the same run. */
export function measureLineProtocol(): Promise<BenchResult> {
  const points = makePoints()
  let bytes = 0
  const encodeSeconds = bestSeconds(() => {
    bytes = 0
    for (const point of points) bytes += encodeLine(point)?.length ?? 0
  })
  const jsonSeconds = bestSeconds(() => {
    for (const point of points) JSON.stringify(point)
  })
  return Promise.resolve({
    name: 'line-protocol',
    figures: {
      pointsPerSecond: Math.round(POINTS / encodeSeconds),
    },
    notes: [
      `${POINTS} points, 6 tags, 10 fields, best of ${ROUNDS}: ${(bytes / 1e6 / encodeSeconds).toFixed(0)} MB/s`,
      `${(encodeSeconds / jsonSeconds).toFixed(2)} times what JSON.stringify of the same points takes in the same run`,
    ],
  })
}
