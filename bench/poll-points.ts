import type { Point } from '../core/point.ts'
import { MINUTE_MS } from '../core/time.ts'

const FUNCTIONS = 1_000
const FIRST_MS = 1_700_000_000_000

/** As polls of 1,000 functions make them, minute by minute: six tags, ten float fields. */
export function makePollPoints(count: number): Point[] {
  return Array.from({ length: count }, (_, index) => ({
    category: 'metric' as const,
    measurement: 'aws_AWS/Lambda',
    tags: {
      FunctionName: `orders-${index % FUNCTIONS}`,
      name: `orders-${index % FUNCTIONS}`,
      Dimensions: 'FunctionName',
      RegionId: 'us-east-1',
      account_id: '123456789012',
      account_name: 'production, main',
    },
    fields: Object.fromEntries(
      Array.from({ length: 10 }, (__, field) => [`Metric${field}_Average`, (index * 31 + field) / 7]),
    ),
    timeMs: FIRST_MS + Math.floor(index / FUNCTIONS) * MINUTE_MS,
  }))
}
