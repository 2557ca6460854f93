import { coerceError } from '../../core/error.ts'
import { DEFAULT_CONNECTOR_ID } from '../connector/registry.ts'
import { readAccountUsage } from '../cost/account-usage.ts'
import { readPriceList } from '../cost/price-list.ts'
import type { HostHandlers, HostStatus } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'
import { PACKAGE_VERSION } from '../package.ts'
import { toTriggerRow } from '../trigger/row.ts'

/** More tasks than these at once are a listing of their own: dff task list --status pending. */
const MAX_RUNNING = 100

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
      const acknowledged = await store.outbox.acknowledged()
      const triggers = await store.triggers.list()
      const [oldest] = await store.outbox.list('waiting', 1)
      return {
        home: parts.paths.root,
        pid: owner.pid,
        startedAtMs: owner.startedAtMs,
        mode: owner.mode,
        version: PACKAGE_VERSION,
        node: process.version,
        triggers: await Promise.all(triggers.map((trigger) => toTriggerRow(store, trigger))),
        runningTasks: await store.records.list({ limit: MAX_RUNNING, funcId: null, status: 'pending' }),
        backlog: await store.outbox.backlog(),
        connector: await parts.connectors.resolve(DEFAULT_CONNECTOR_ID),
        acknowledgedPoints: acknowledged.points,
        lastAcknowledgedMs: acknowledged.lastMs,
        // A command that owns the home has not tried itself: then the oldest waiting batch knows what the last one was told.
        lastDeliveryError: parts.sender.status().lastError ?? oldest?.reason ?? null,
        ...(await readUsage(parts)),
      }
    },
  }
}
