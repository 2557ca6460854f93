import { coerceError } from '../../core/error.ts'
import type { Check } from '../../core/script.ts'
import { MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import type { HostParts } from '../host-parts.ts'
import { describeRoom, judgePressure } from '../outbox/pressure.ts'

/** The scheduler looks at least once a minute; three missed looks are no busy machine any more. */
const MAX_SCHEDULER_SILENCE_MS = 3 * MINUTE_MS

/** What `/healthz` answers. `failed` means that a restart may help; a sink that is down is only a warning. */
export interface Health {
  readonly status: 'ok' | 'warning' | 'failed'
  readonly pid: number
  readonly uptimeSec: number
  readonly checks: readonly Pick<Check, 'id' | 'status' | 'detail'>[]
}

type HealthCheck = Health['checks'][number]
type Examined = Pick<HostParts, 'store' | 'owner' | 'sender' | 'scheduler'>

function checkScheduler({ scheduler }: Examined): HealthCheck {
  const silenceMs = scheduler.silenceMs()
  const detail = `looked at the triggers ${Math.round(silenceMs / SECOND_MS)} s ago`
  return { id: 'scheduler', status: silenceMs > MAX_SCHEDULER_SILENCE_MS ? 'failed' : 'ok', detail }
}

function checkDelivery({ sender }: Examined): HealthCheck {
  const { lastError } = sender.status()
  return { id: 'delivery', status: lastError === null ? 'ok' : 'warning', detail: lastError ?? 'no error' }
}

async function checkOutbox({ store }: Examined): Promise<HealthCheck> {
  const lanes = await store.outbox.lanes()
  const full = lanes.filter((lane) => judgePressure(lane) !== 'low')
  const details = full.map((lane) => `${lane.connectorId}: ${describeRoom(lane)}`)
  return full.length === 0
    ? { id: 'outbox', status: 'ok', detail: 'there is room' }
    : { id: 'outbox', status: 'warning', detail: details.join('; ') }
}

/** Also the proof that the store can be read. */
async function checkStore(parts: Examined): Promise<readonly HealthCheck[]> {
  try {
    const outbox = await checkOutbox(parts)
    return [{ id: 'store', status: 'ok', detail: 'the database answers' }, outbox]
  } catch (error) {
    return [{ id: 'store', status: 'failed', detail: coerceError(error, 'store').message }]
  }
}

/** Never rejects: what does not work is what it tells. */
export async function examineHealth(parts: Examined, nowMs: number): Promise<Health> {
  const checks = [...(await checkStore(parts)), checkScheduler(parts), checkDelivery(parts)]
  const worst = (['failed', 'warning'] as const).find((status) =>
    checks.some((check) => check.status === status),
  )
  const uptimeSec = Math.max(0, Math.round((nowMs - parts.owner.startedAtMs) / SECOND_MS))
  return { status: worst ?? 'ok', pid: parts.owner.pid, uptimeSec, checks }
}
