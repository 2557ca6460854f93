import type { Commit, Lease, NewTask, Store, TaskEnd } from '../../runner/store/store.ts'
import type { EncodedBatch } from '../../runner/store/outbox-store.ts'
import type { DeclaredTrigger } from '../../runner/store/trigger-store.ts'

export const T0 = 1_795_000_000_000
export const LEASE_MS = 30_000
export const CONNECTOR = 'default'
export const SCRIPT = 'startup__guance_aws_lambda'
export const FUNC = `${SCRIPT}.run`

export const TRIGGER = {
  triggerId: 'cron-1',
  funcId: FUNC,
  title: 'AWS-Lambda Collection',
  fixedCronExpr: '*/5 * * * *',
  timezone: 'UTC',
}

export const SUCCESS: TaskEnd = {
  status: 'success',
  endTimeMs: T0 + 9_000,
  exceptionType: null,
  exceptionText: null,
  problems: [{ code: 'region-denied', severity: 'warning', scope: '1/cn-north-1', message: 'denied 中文' }],
  usage: [{ api: 'GetMetricData', requests: 3, billedMetrics: 40 }],
  uncounted: [],
  predicted: [{ api: 'GetMetricData', requests: 2, billedMetrics: 38, rule: 'everything' }],
  resources: { cpuMs: 1_200, peakRssBytes: 130_000_000 },
  returnValue: { points: 7 },
}

export function makeTask(id: string, changes: Partial<NewTask> = {}): NewTask {
  return {
    id,
    funcId: FUNC,
    triggerId: null,
    origin: 'direct',
    tickMs: null,
    triggerTimeMs: T0,
    expiresAtMs: T0 + 900_000,
    isDebug: false,
    connector: CONNECTOR,
    endpointUrl: null,
    ...changes,
  }
}

export function makeBatch(text: string, changes: Partial<EncodedBatch> = {}): EncodedBatch {
  const body = new TextEncoder().encode(text)
  const contents = [{ measurement: 'aws_AWS/Lambda', key: 'Errors_Sum', points: 2, lastPointMs: T0 }]
  return { category: 'metric', points: 2, rawBytes: body.byteLength * 3, body, contents, ...changes }
}

/** A store with the few moves that every part of the contract makes. */
export class StoreFixture {
  readonly store: Store

  constructor(store: Store) {
    this.store = store
  }

  /** Stores the Startup script with the triggers that it declares now. */
  async declare(...triggers: DeclaredTrigger[]): Promise<void> {
    const script = {
      scriptId: SCRIPT,
      setId: 'guance_aws_lambda',
      digest: 'd',
      functions: [],
      deployedAtMs: T0,
    }
    await this.store.scripts.put(script, triggers)
  }

  async runTask(id: string, changes: Partial<NewTask> = {}): Promise<Lease> {
    await this.store.queue.enqueueOnce(makeTask(id, changes))
    const claim = await this.store.queue.claim(id, T0, LEASE_MS)
    if (claim.kind !== 'claimed') throw new Error(`the task is ${claim.kind}`)
    return { taskId: id, fence: claim.fence }
  }

  async commit(lease: Lease, changes: Partial<Commit>): Promise<string> {
    const base = {
      lease,
      nowMs: T0,
      scriptId: SCRIPT,
      connectorId: CONNECTOR,
      batches: [],
      state: {},
      usage: [],
    }
    return (await this.store.commit({ ...base, ...changes })).kind
  }

  /** Commits one batch per text as a task of its own. */
  async commitBatches(...texts: string[]): Promise<void> {
    const lease = await this.runTask(`task-${texts.join()}`)
    const kind = await this.commit(lease, { batches: texts.map((text) => makeBatch(text)) })
    if (kind !== 'committed') throw new Error(`the commit is ${kind}`)
    await this.store.queue.finish(lease, SUCCESS)
  }

  async nextText(nowMs = T0): Promise<string | undefined> {
    const batch = await this.store.outbox.next(CONNECTOR, nowMs)
    return batch === undefined ? undefined : new TextDecoder().decode(batch.body)
  }

  async nextId(): Promise<number> {
    const batch = await this.store.outbox.next(CONNECTOR, T0)
    if (batch === undefined) throw new Error('nothing waits')
    return batch.batchId
  }
}
