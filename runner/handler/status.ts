import { coerceError } from '../../core/error.ts'
import { DEFAULT_CONNECTOR_ID } from '../connector/connector-id.ts'
import { readAccountUsage } from '../cost/account-usage.ts'
import { readPriceList } from '../cost/price-list.ts'
import type { LaneRow } from '../host-report.ts'
import type { HostHandlers } from '../host-api.ts'
import type { HostStatus } from '../host-status.ts'
import type { HostParts } from '../host-parts.ts'
import { observe } from '../observe/observation.ts'
import { describeObservation } from '../observe/status.ts'
import { judgePressure } from '../outbox/pressure.ts'
import type { LaneTotals } from '../store/outbox-store.ts'
import { toTriggerRows } from '../trigger/row.ts'

/** More tasks than these at once are a listing of their own: dff task list --status pending. */
const MAX_RUNNING = 100

const NOTHING: Omit<LaneTotals, 'connectorId' | 'maxBytes'> = {
  waitingBatches: 0,
  waitingPoints: 0,
  waitingBytes: 0,
  deadBatches: 0,
  deadPoints: 0,
  deadBytes: 0,
  oldestWaitingMs: null,
  oldestReason: null,
  acknowledgedPoints: 0,
  lastAcknowledgedMs: null,
}

/** What delivery says of a connector. A command that owns the home has not tried itself: then the oldest batch knows what the last one was told. */
function readDelivery(
  parts: HostParts,
  { connectorId, oldestReason }: LaneTotals,
): Pick<LaneRow, 'delivery' | 'lastError'> {
  const { state, lastError } = parts.sender.status(connectorId)
  if (lastError !== null) return { delivery: state, lastError }
  return { delivery: oldestReason === null ? 'ok' : 'retrying', lastError: oldestReason }
}

/** A connector that was removed with nothing left of it is only a count in the store. */
function isWorthShowing({ config, waitingBatches, deadBatches }: LaneRow): boolean {
  return config !== null || waitingBatches + deadBatches > 0
}

/** Every connector that is set or that batches are kept for. */
async function readLanes(parts: HostParts, all: readonly LaneTotals[]): Promise<LaneRow[]> {
  const { outbox } = parts.store
  const configs = new Map((await parts.connectors.list()).map(({ id, config }) => [id, config]))
  const totals = new Map(all.map((lane) => [lane.connectorId, lane]))
  const ids = [...new Set([...configs.keys(), ...totals.keys()])].toSorted()
  const rows = ids.map(async (connectorId) => {
    // Only a connector that never had a batch has no totals.
    const { oldestReason, ...lane } = totals.get(connectorId) ?? {
      ...NOTHING,
      ...(await outbox.room(connectorId)),
      connectorId,
    }
    return {
      ...lane,
      config: configs.get(connectorId) ?? null,
      pressure: judgePressure(lane),
      ...readDelivery(parts, { ...lane, oldestReason }),
    }
  })
  return (await Promise.all(rows)).filter(isWorthShowing)
}

/** Prices that cannot be read leave the quantities. */
async function readUsage({ store, paths }: HostParts): Promise<Pick<HostStatus, 'usage' | 'priceProblem'>> {
  try {
    const prices = await readPriceList(paths.prices)
    return { usage: await readAccountUsage(store.usage, prices, Date.now()), priceProblem: null }
  } catch (error) {
    const usage = await readAccountUsage(store.usage, undefined, Date.now())
    return { usage, priceProblem: coerceError(error, paths.prices).message }
  }
}

/** What this host is and how it does. */
export function makeStatusHandlers(parts: HostParts): Pick<HostHandlers, 'status'> {
  const { store, owner } = parts
  return {
    status: async () => {
      const observation = await observe(parts, Date.now())
      const { version, node, triggers, acknowledged } = observation
      const lanes = await readLanes(parts, observation.lanes)
      const { rows, pause } = await toTriggerRows(store, triggers)
      return {
        home: parts.paths.root,
        pid: owner.pid,
        startedAtMs: owner.startedAtMs,
        mode: owner.mode,
        version,
        node,
        triggers: rows,
        pause,
        runningTasks: await store.records.list({ limit: MAX_RUNNING, funcId: null, status: 'pending' }),
        ...describeObservation(observation),
        metricsUrl: parts.observer.metricsUrl(),
        connector: await parts.connectors.resolve(DEFAULT_CONNECTOR_ID),
        acknowledgedPoints: acknowledged.points,
        lastAcknowledgedMs: acknowledged.lastMs,
        lastDeliveryError: lanes.find((lane) => lane.lastError !== null)?.lastError ?? null,
        lanes,
        ...(await readUsage(parts)),
      }
    },
  }
}
