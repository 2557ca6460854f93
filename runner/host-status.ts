/** What `dff status` tells. */
import type { EpochMs } from '../core/time.ts'
import type { AccountUsage } from './cost/account-usage.ts'
import type { Backlog, ConnectorRow, TaskRecord, TaskStatus } from './host-api.ts'
import type { LaneRow } from './host-report.ts'
import type { Activity, LagRow } from './observe/status-rows.ts'
import type { PauseRow, TriggerRow } from './trigger/trigger-row.ts'

export interface HostStatus {
  readonly home: string
  readonly pid: number
  readonly startedAtMs: EpochMs
  readonly mode: 'start' | 'command'
  readonly version: string
  readonly node: string
  readonly triggers: readonly TriggerRow[]
  readonly pause: PauseRow | null
  readonly runningTasks: readonly TaskRecord[]
  /** Of the task records that are kept. */
  readonly tasks: Readonly<Record<TaskStatus, number>>
  readonly backlog: Backlog
  readonly lags: readonly LagRow[]
  readonly activity: Activity
  /** `http://127.0.0.1:9464/metrics`, or null where the host serves none. */
  readonly metricsUrl: string | null
  readonly connector: ConnectorRow
  readonly acknowledgedPoints: number
  readonly lastAcknowledgedMs: EpochMs | null
  readonly lastDeliveryError: string | null
  /** Every connector, by id. */
  readonly lanes: readonly LaneRow[]
  readonly usage: readonly AccountUsage[]
  /** Why usage has no costs: what is wrong with prices.json. */
  readonly priceProblem: string | null
}
