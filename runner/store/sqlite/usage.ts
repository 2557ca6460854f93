import type { Usage } from '../../../core/script.ts'
import { alignDown, DAY_MS, type EpochMs } from '../../../core/time.ts'
import type { UsageStore, UsageSum } from '../usage-store.ts'
import type { Database } from './database.ts'

/** Adds to the day's counts; call inside a transaction. */
export function countUsage(database: Database, usage: readonly Usage[], nowMs: EpochMs): void {
  for (const { accountId = '', region = '', api, requests, billedMetrics } of usage) {
    database.run(
      `INSERT INTO usage_day (day_ms, account_id, region, api, requests, billed_metrics) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (day_ms, account_id, region, api) DO UPDATE
       SET requests = requests + excluded.requests, billed_metrics = billed_metrics + excluded.billed_metrics`,
      alignDown(nowMs, DAY_MS),
      accountId,
      region,
      api,
      requests,
      billedMetrics,
    )
  }
}

/** The meter by day; commits and ends of tasks add to it in their own transactions. */
export function sqliteUsage(database: Database): UsageStore {
  return {
    async add(usage, nowMs) {
      if (usage.length > 0) database.write(() => countUsage(database, usage, nowMs))
    },
    async sum(startMs, endMs) {
      return database.all<{ -readonly [Key in keyof UsageSum]: UsageSum[Key] }>(
        `SELECT account_id AS accountId, region, api, sum(requests) AS requests, sum(billed_metrics) AS billedMetrics
         FROM usage_day WHERE day_ms >= ? AND day_ms < ? GROUP BY account_id, region, api
         ORDER BY account_id, region, api`,
        startMs,
        endMs,
      )
    },
    async prune(olderThanMs) {
      return database.write(() => database.run('DELETE FROM usage_day WHERE day_ms < ?', olderThanMs))
    },
  }
}
