import type { Json, RunContext } from 'guance-aws-lambda/dff'
import type { LambdaLine } from './allocate.ts'
import { type BillingRun, ruleOf } from './billing-run.ts'
import { type Book, bookState, loadBooks } from './book.ts'
import { canonicalQuery, type CostQuery, LAMBDA_SERVICE } from './cost-query.ts'
import { addDays, type Day } from './day.ts'
import { type Place, placeKey, placeOf } from './place.ts'

/** How far back shares follow costs that change: a month, until its invoice is closed and was read. */
const SHARED_DAYS = 45

/** A day whose Lambda costs are to be shared out. */
export interface SharedDay {
  readonly day: Day
  readonly currency: string
  readonly lines: readonly LambdaLine[]
  /** Of its lines: shares are made anew when they are others. */
  readonly digest: string
}

/** By day the digest of its lines as they were shared out, or that AWS has told the costs of its functions itself. */
type Digests = Readonly<Record<Day, string>>

/** No digest: those are JSON lists. */
const ANSWERED = 'answered'

async function loadDigests(context: RunContext, key: string): Promise<Digests> {
  // Written by sharedState and answeredState alone.
  return ((await context.load(key)) ?? {}) as Digests
}

function readDay(day: Day, book: Book): SharedDay {
  const entries = Object.entries(book).flatMap(([key, [units, currency]]) => {
    const [service = '', usageType = ''] = JSON.parse(key) as string[] // as noteRows wrote it
    return service === LAMBDA_SERVICE ? [{ usageType, units, currency }] : []
  })
  const sorted = entries.toSorted((one, other) => (one.usageType < other.usageType ? -1 : 1))
  return {
    day,
    currency: sorted[0]?.currency ?? 'USD',
    lines: sorted.map(({ usageType, units }) => ({ usageType, units: BigInt(units) })),
    digest: JSON.stringify(sorted.map(({ usageType, units }) => [usageType, units])),
  }
}

/**
 * Days whose costs are due to be shared out: never shared out, or with other costs since. Not those that are read again daily,
 * because each time CloudWatch is asked anew, nor those of whose functions AWS has told the costs itself.
 */
export async function listDueDays(run: BillingRun, query: CostQuery): Promise<readonly SharedDay[]> {
  const { context, account, configs, today, cost } = run
  const { accountId } = account
  const { rereadDays } = ruleOf(configs)
  const place = placeOf(context, accountId, canonicalQuery(cost, accountId).id)
  const digests = await loadDigests(context, placeKey('shared', placeOf(context, accountId, query.id)))
  const days = Array.from({ length: Math.max(0, SHARED_DAYS - rereadDays + 1) }, (_, index) =>
    addDays(today, -SHARED_DAYS + index),
  )
  const books = await loadBooks(context, place, days)
  return days
    .map((day) => readDay(day, books.get(day) ?? {}))
    .filter(
      ({ day, digest, lines }) =>
        digests[day] !== ANSWERED &&
        digests[day] !== digest &&
        (lines.length > 0 || Object.hasOwn(digests, day)),
    )
}

/** State after one more day was shared out: its digest, and neither digests nor books of days that are not followed any more. */
export async function sharedState(
  { context, today }: Pick<BillingRun, 'context' | 'today'>,
  place: Place,
  { day, digest }: SharedDay,
): Promise<Record<string, Json>> {
  const key = placeKey('shared', place)
  const digests = Object.entries(await loadDigests(context, key))
  const oldest = addDays(today, -SHARED_DAYS)
  const gone = digests.flatMap(([each]) => (each < oldest ? [[each, undefined] as const] : []))
  const kept = digests.filter(([each]) => each >= oldest)
  return { ...bookState(place, new Map(gone)), [key]: { ...Object.fromEntries(kept), [day]: digest } }
}

/** State after AWS has told the costs of functions on some days: shares would take exact costs for estimates, for good. */
export async function answeredState(
  { context, today }: Pick<BillingRun, 'context' | 'today'>,
  place: Place,
  days: readonly Day[],
): Promise<Record<string, Json>> {
  const key = placeKey('shared', place)
  const oldest = addDays(today, -SHARED_DAYS)
  const digests = Object.entries(await loadDigests(context, key))
  // Books of days that drop out here are dropped with those of all costs, later.
  const kept = digests.filter(([day]) => day >= oldest)
  const answered = days.map((day) => [day, ANSWERED] as const)
  return { [key]: Object.fromEntries([...kept, ...answered]) }
}
