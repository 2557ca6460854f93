import { describe, expect, it } from 'vitest'
import type { Json, Point } from '../../../core/dff.ts'
import { DAY_MS, HOUR_MS } from '../../../core/time.ts'
import {
  type BillingPlay,
  MONTH_END_MS,
  MONTH_START_MS,
  openPlay,
  sumUnits,
} from '../../scripts/billing-fixture.ts'

const NINE_MS = MONTH_START_MS + 9 * HOUR_MS
/** So many that books of the first days are dropped, from the middle of September on; October is closed in between. */
const DAYS = 75

/** Days of books and shares in the state, by their question, sorted. */
function keptDays(play: BillingPlay): Record<string, readonly string[]> {
  const days: Record<string, string[]> = {}
  for (const [key, value] of play.store.state) {
    const [, kind = '', question = '', day = ''] =
      /^billing\/\d+\/(book|shared)\/\w+\/(\w+)\/\d+(?:\/(.*))?$/.exec(key) ?? []
    if (kind === '') continue
    const ofKey = kind === 'book' ? [day] : Object.keys(value as Readonly<Record<string, Json>>)
    days[`${kind} ${question}`] = [...(days[`${kind} ${question}`] ?? []), ...ofKey].toSorted()
  }
  return days
}

function dayOf(index: number): string {
  return new Date(MONTH_START_MS + index * DAY_MS).toISOString().slice(0, 10)
}

function isOf(day: string): (point: Point) => boolean {
  return ({ tags }) => tags['billing_date'] === day
}

describe('costs of functions over a season', () => {
  it('by metrics follow the close of a month, and what is remembered of days does not grow', async () => {
    const functions = { regions: ['us-east-1' as const], source: 'metrics' as const }
    const play = await openPlay(
      { usageTypes: 6 },
      { functions, linked_accounts: 'own' },
      { functions: 2, active: 1 },
    )
    for (let day = 0; day < DAYS; day += 1) await play.tick(NINE_MS + day * DAY_MS)
    const newest = play.newest('function', MONTH_START_MS, MONTH_END_MS)
    const lambda = play
      .newest('service_usage', MONTH_START_MS, MONTH_END_MS)
      .filter(({ tags }) => tags['product_name'] === 'AWS Lambda')
    const october = Array.from({ length: 31 }, (_, index) => dayOf(index))
    expect(october.map((day) => sumUnits(newest.filter(isOf(day))))).toEqual(
      october.map((day) => sumUnits(lambda.filter(isOf(day)))),
    )
    expect(lambda.some((point) => isOf('2026-10-01')(point) && Number(point.fields['revision']) > 1)).toBe(
      true,
    )
    const kept = keptDays(play)
    const spans = Object.entries(kept).map(([name, days]) => [name, [days[0], days.at(-1), days.length]])
    expect(Object.fromEntries(spans)).toEqual({
      'book service_usage': [dayOf(DAYS - 1 - 69), dayOf(DAYS - 2), 69],
      'book function': [dayOf(DAYS - 1 - 45), dayOf(DAYS - 1 - 3), 43],
      'shared function': [dayOf(DAYS - 1 - 45), dayOf(DAYS - 1 - 3), 43],
    })
  })

  it('by resource leave no more behind', async () => {
    const functions = { regions: ['us-east-1' as const] }
    const play = await openPlay(
      { usageTypes: 6, resources: true },
      { functions, linked_accounts: 'own' },
      { functions: 2, active: 1 },
    )
    for (let day = 0; day < DAYS; day += 1) await play.tick(NINE_MS + day * DAY_MS)
    const kept = keptDays(play)
    const spans = Object.entries(kept).map(([name, days]) => [name, [days[0], days.at(-1), days.length]])
    expect(Object.fromEntries(spans)).toEqual({
      'book service_usage': [dayOf(DAYS - 1 - 69), dayOf(DAYS - 2), 69],
      'book function': [dayOf(DAYS - 1 - 69), dayOf(DAYS - 2), 69],
      'shared function': [dayOf(DAYS - 1 - 45), dayOf(DAYS - 2), 45],
    })
  })
})
