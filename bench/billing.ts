import { parseArgs } from 'node:util'
import { alignDown, DAY_MS, HOUR_MS } from '../core/time.ts'
import { openSimulatedHome, type SimulatedHome } from '../tools/simulated-home.ts'
import type { BenchResult } from './report.ts'

/** In the help of main.ts too. */
export const BILLING_USAGE = 'billing [--days 30] [--linked 0]'

const DAYS = 30
/** Of UTC: AWS has refreshed by then what the day before cost; the second look finds nothing due. */
const LOOKS_HOURS = [9, 15]
/** Until the invoice of a month is closed and everything that was an estimate is read once more. */
const SETTLING_DAYS = 12

interface Point {
  readonly tags: Readonly<Record<string, string>>
  readonly fields: Readonly<Record<string, number>>
}

function dayText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

/** In units of 10⁻¹⁰, which a float holds exactly. */
function unitsOf(text: string): bigint {
  return BigInt(text.replace('.', ''))
}

/** Sum of the newest revisions of the days in a span. */
function sumNewest(points: readonly Point[], from: string, to: string): bigint {
  const newest = new Map<string, Point>()
  for (const point of points) {
    const { billing_id: id = '', billing_date: day = '', grouping } = point.tags
    if (grouping !== 'service_usage' || day < from || day >= to) continue
    const held = newest.get(id)
    if (Number(point.fields['revision']) > (held?.fields['revision'] ?? 0)) newest.set(id, point)
  }
  return [...newest.values()].reduce(
    (sum, { fields }) => sum + BigInt(Math.round(Number(fields['amount']) * 1e10)),
    0n,
  )
}

async function judge(home: SimulatedHome, startMs: number, endMs: number) {
  const query = 'received?category=logging&measurement=cloud_billing&limit=Infinity'
  const { points } = await home.control<{ points: readonly Point[] }>(query)
  const { total } = await home.control<{ total: string }>('billing/truth', { startMs, endMs })
  const difference = sumNewest(points, dayText(startMs), dayText(endMs)) - unitsOf(total)
  return { lines: points.length, differenceUsd: Number(difference) / 1e10 }
}

/** The ticks of a day, each with the host opened anew, as after a restart. */
async function playDay(home: SimulatedHome, dayMs: number): Promise<void> {
  for (const hour of LOOKS_HOURS) {
    // One after the other, as ticks come.
    const { record } = await home.pollAt(dayMs + hour * HOUR_MS)
    if (record.status !== 'success') throw new Error(`a task ended in ${record.status}`)
    await home.reopen()
  }
}

/** Two ticks a day through the whole host against a bill that is revised, each with the host opened anew as after a restart. */
export async function measureBilling(args: readonly string[]): Promise<BenchResult> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({ args: [...args], options: { days: text, linked: text } })
  const [days, linked] = [Number(values.days ?? DAYS), Number(values.linked ?? 0)]
  if (!(days > 0) || !(linked >= 0)) throw new Error('--days, --linked: expected a number')
  const startMs = alignDown(Date.now(), DAY_MS) - (days + SETTLING_DAYS + 33) * DAY_MS
  const first = new Date(startMs)
  const monthEndMs = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1)
  const home = await openSimulatedHome({
    setId: 'guance_aws_billing',
    simulatorArgs: ['--functions', '1', '--latency', '0', '--now', first.toISOString()],
    sink: { rewrite: 'unknown', mergesFields: false },
  })
  try {
    await home.control('billing', { linked })
    const lastMs = Math.max(startMs + days * DAY_MS, monthEndMs + SETTLING_DAYS * DAY_MS)
    const requests: Record<string, number> = {}
    for (let dayMs = startMs; dayMs < lastMs; dayMs += DAY_MS) {
      await playDay(home, dayMs)
      requests[dayText(dayMs)] = 0
    }
    const { byDay, usd } = await home.control<{ byDay: Record<string, number>; usd: number }>('billing/paid')
    Object.assign(requests, byDay)
    const counts = Object.values(requests)
    const { lines, differenceUsd } = await judge(home, startMs, Math.min(monthEndMs, lastMs))
    return {
      name: 'billing',
      figures: {
        days: counts.length,
        requestsPerDayMean: counts.reduce((sum, count) => sum + count, 0) / counts.length,
        requestsPerDayMost: Math.max(...counts),
        usd,
        usdPer30Days: (usd / counts.length) * 30,
        lines,
        differenceUsd,
      },
      runs: { requests },
      notes: [
        'requests: pages of Cost Explorer that were paid for, 0.01 USD each, by day of UTC; two ticks and two restarts each',
        'a day takes one for each account, and one for the list of accounts where there are several; about once a week more, because all that AWS still calls an estimate is read again',
        'usd: of all these days; usdPer30Days: as much for 30 days',
        'differenceUsd: what the newest revisions of the first month add up to, less its bill once the invoice is closed; 0 is right',
      ],
    }
  } finally {
    await home.close()
  }
}
