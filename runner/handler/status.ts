import { DEFAULT_CONNECTOR_ID } from '../connector/registry.ts'
import type { HostHandlers } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'
import { observe } from '../observe/observation.ts'
import { describeObservation } from '../observe/status.ts'
import { toTriggerRow } from '../trigger/row.ts'

/** More tasks than these at once are a listing of their own: dff task list --status pending. */
const MAX_RUNNING = 100

/** What this host is and how it does. */
export function makeStatusHandlers(parts: HostParts): Pick<HostHandlers, 'status'> {
  const { store, owner } = parts
  return {
    status: async () => {
      const observation = await observe(parts, Date.now())
      const { version, node, triggers, acknowledged } = observation
      const [oldest] = await store.outbox.list('waiting', 1)
      return {
        home: parts.paths.root,
        pid: owner.pid,
        startedAtMs: owner.startedAtMs,
        mode: owner.mode,
        version,
        node,
        triggers: await Promise.all(triggers.map((trigger) => toTriggerRow(store, trigger))),
        runningTasks: await store.records.list({ limit: MAX_RUNNING, funcId: null, status: 'pending' }),
        ...describeObservation(observation),
        metricsUrl: parts.observer.metricsUrl(),
        connector: await parts.connectors.resolve(DEFAULT_CONNECTOR_ID),
        acknowledgedPoints: acknowledged.points,
        lastAcknowledgedMs: acknowledged.lastMs,
        // A command that owns the home has not tried itself: then the oldest waiting batch knows what the last one was told.
        lastDeliveryError: parts.sender.status().lastError ?? oldest?.reason ?? null,
      }
    },
  }
}
