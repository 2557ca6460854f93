import { alignDown, DAY_MS, type EpochMs } from '../../core/time.ts'
import type { UsageStore, UsageSum } from '../store/usage-store.ts'
import { type Bill, billMonth, subtractBills } from './bill.ts'
import type { PriceList } from './price-list.ts'

/** What was asked of AWS in a time, and what AWS bills for it; null where prices could not be read. */
interface UsageOfTime {
  readonly requests: number
  readonly billedMetrics: number
  readonly bill: Bill | null
}

/** The meter of one account; the account is an empty text for what scripts did not say it of. */
export interface AccountUsage {
  readonly accountId: string
  /** Days and months of UTC, as AWS bills them. */
  readonly today: UsageOfTime
  readonly month: UsageOfTime
}

function monthStart(nowMs: EpochMs): EpochMs {
  const now = new Date(nowMs)
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth())
}

function addUp(sums: readonly UsageSum[], bill: Bill | null): UsageOfTime {
  return {
    requests: sums.reduce((total, { requests }) => total + requests, 0),
    billedMetrics: sums.reduce((total, { billedMetrics }) => total + billedMetrics, 0),
    bill,
  }
}

/** Today and this month of every account that was asked of this month. */
export async function readAccountUsage(
  usage: UsageStore,
  prices: PriceList | undefined,
  nowMs: EpochMs,
): Promise<readonly AccountUsage[]> {
  const dayMs = alignDown(nowMs, DAY_MS)
  const [before, today] = await Promise.all([
    usage.sum(monthStart(nowMs), dayMs),
    usage.sum(dayMs, dayMs + DAY_MS),
  ])
  const accountIds = new Set([...before, ...today].map(({ accountId }) => accountId))
  return [...accountIds].toSorted().map((accountId) => {
    const isOwn = (sum: UsageSum): boolean => sum.accountId === accountId
    const [early, late] = [before.filter(isOwn), today.filter(isOwn)]
    const month = [...early, ...late]
    const bill = prices === undefined ? null : billMonth(prices, month)
    // What of the month is free is used up by its first days.
    const bought =
      prices === undefined || bill === null ? null : subtractBills(bill, billMonth(prices, early))
    return { accountId, today: addUp(late, bought), month: addUp(month, bill) }
  })
}
