/** An in-memory host for tests of the command line alone; tests through real processes are elsewhere. */
import { DffError } from '../../../core/error.ts'
import type {
  Backlog,
  ConnectorRow,
  HostClient,
  HostEvent,
  HostMethods,
  MethodName,
  OutboxRow,
  SecretRow,
  TaskRecord,
  TriggerRow,
} from '../../../runner/host-api.ts'
import type { AccountUsage } from '../../../runner/cost/account-usage.ts'
import type { PlanReport } from '../../../runner/cost/priced-plan.ts'
import type { MarketEntry } from '../../../runner/market/row.ts'
import { comparisonOf, PLAN } from './sample-plan.ts'
import { BATCH, ENTRY, LINES, NO_BACKLOG, NOW_MS, RECORD, TRIGGER, USAGE } from './sample.ts'

/** What the double holds; a test changes it before the call and looks at it after. */
export interface World {
  entry: MarketEntry
  record: TaskRecord
  backlog: Backlog
  pid: number
  connectors: ConnectorRow[]
  secrets: Map<string, SecretRow & { readonly value: string }>
  triggers: TriggerRow[]
  outbox: OutboxRow[]
  checkStatus: 'ok' | 'warning' | 'failed'
  usage: AccountUsage[]
  plan: PlanReport
  priceProblem: string | null
  /** When set, exec waits for it, as a task that runs. */
  running: Promise<void>
  readonly calls: { readonly name: MethodName; readonly input: unknown }[]
  closed: number
}

export function makeWorld(): World {
  return {
    entry: ENTRY,
    record: RECORD,
    backlog: NO_BACKLOG,
    pid: process.pid,
    connectors: [{ id: 'default', config: { type: 'file' }, isImplicit: true }],
    secrets: new Map(),
    triggers: [TRIGGER],
    outbox: [BATCH],
    checkStatus: 'ok',
    usage: USAGE,
    plan: { plan: PLAN, other: null, change: null },
    priceProblem: null,
    running: Promise.resolve(),
    calls: [],
    closed: 0,
  }
}

function unknownName(place: string, got: string): DffError {
  return new DffError({
    code: 'UNKNOWN_NAME',
    place,
    expected: 'a known name',
    got,
    remedy: 'Look at the list.',
  })
}

type Handlers = {
  readonly [Name in MethodName]: (
    input: HostMethods[Name]['input'],
    emit: (event: HostEvent) => void,
  ) => HostMethods[Name]['output'] | Promise<HostMethods[Name]['output']>
}

function makeHandlers(world: World): Handlers {
  const findTrigger = (triggerId: string): TriggerRow => {
    const row = world.triggers.find((trigger) => trigger.triggerId === triggerId)
    if (row === undefined) throw unknownName('trigger', triggerId)
    return row
  }
  const requireTask = (taskId: string): TaskRecord => {
    if (taskId !== world.record.id) throw unknownName('task', taskId)
    return world.record
  }
  const report = (target: string) => ({
    target,
    checks: [
      {
        id: 'credentials',
        status: world.checkStatus,
        title: 'Credentials are accepted',
        detail: 'arn:aws:iam::123456789012:user/collector',
        remedy: 'Create a new access key.',
      },
    ],
  })
  return {
    'market.list': () => [world.entry],
    'market.show': ({ setId }) => {
      if (setId === world.entry.manifest.id) return world.entry
      throw new DffError({
        code: 'UNKNOWN_SET',
        place: 'market',
        expected: 'a set of the listing',
        got: setId,
        remedy: 'dff market list shows them.',
      })
    },
    install: ({ setId }) => [{ setId, version: '0.1.0', digest: 'a'.repeat(64), wasInstalled: true }],
    deploy: ({ setId, force }) => ({
      setId,
      scriptPath: `/home/demo/startup/${setId}.ts`,
      keptCopy: force ? `/home/demo/startup/${setId}.ts.kept` : null,
      functions: [],
      triggers: world.triggers,
    }),
    'trigger.list': () => world.triggers,
    'trigger.enable': ({ triggerId, isEnabled }) => ({ ...findTrigger(triggerId), isEnabled }),
    'trigger.set': ({ triggerId, cron, timezone }) => {
      const row = findTrigger(triggerId)
      const cronExpr = cron ?? row.fixedCronExpr
      return { ...row, cronExpr, cronOverride: cron, timezone: timezone ?? row.timezone }
    },
    exec: async (_input, emit) => {
      emit({ kind: 'note', text: 'waiting for the lease' })
      for (const line of LINES) emit({ kind: 'log', line })
      await world.running
      return { record: world.record, backlog: world.backlog, deliveryError: null }
    },
    'task.list': () => [world.record],
    'task.show': ({ taskId }) => requireTask(taskId),
    log: ({ taskId, follow }, emit) => {
      requireTask(taskId)
      if (follow) LINES.slice(0, 1).forEach((line) => emit({ kind: 'log', line }))
      return { lines: LINES, isCut: false }
    },
    status: () => ({
      home: '/home/demo',
      pid: world.pid,
      startedAtMs: NOW_MS,
      mode: world.pid === process.pid ? 'command' : 'start',
      version: '0.1.0',
      node: '24.21.0',
      triggers: world.triggers,
      runningTasks: [],
      backlog: world.backlog,
      connector: world.connectors[0] ?? { id: 'default', config: { type: 'file' }, isImplicit: true },
      acknowledgedPoints: 12_385,
      lastAcknowledgedMs: NOW_MS,
      lastDeliveryError: null,
      usage: world.usage,
      priceProblem: world.priceProblem,
    }),
    'outbox.list': ({ state }) => world.outbox.filter((row) => state === null || row.state === state),
    'outbox.retry': ({ batchId }) => ({
      retried: world.outbox.filter((row) => batchId === null || row.batchId === batchId).length,
    }),
    'outbox.drop': ({ batchId }) => ({
      dropped: world.outbox.filter((row) => row.batchId === batchId).length,
    }),
    'secret.set': ({ name, value, grantTo }) => {
      const row = { name, updatedAtMs: NOW_MS, grantedTo: grantTo === null ? [] : [`startup__${grantTo}`] }
      world.secrets.set(name, { ...row, value })
      return row
    },
    'secret.list': () => [...world.secrets.values()].map(({ value: _value, ...row }) => row),
    'secret.remove': ({ name }) => ({ removed: world.secrets.delete(name) }),
    'connector.set': ({ id, config }) => {
      const row = { id, config, isImplicit: false }
      world.connectors = [...world.connectors.filter((known) => known.id !== id), row]
      return row
    },
    'connector.list': () => world.connectors,
    'connector.test': ({ id, rewrite, save }) => ({
      ...report(id),
      found: rewrite === true ? { rewrite: 'last', mergesFields: false } : null,
      isSaved: save === true,
    }),
    doctor: ({ setId }) => [report(setId ?? 'host')],
    verify: ({ setId }) => report(setId),
    plan: ({ compare }) =>
      compare === null ? world.plan : { ...world.plan, ...comparisonOf(world.plan.plan) },
    why: ({ name, metric }) =>
      name === 'checkout'
        ? [
            {
              title: `checkout ${metric ?? 'Errors'}`,
              facts: [
                { label: 'complete through', value: '2026-11-23T18:30:00Z' },
                { label: 'waits for', value: 'nothing' },
              ],
            },
          ]
        : [],
  }
}

export function makeClient(world: World): HostClient {
  const handlers = makeHandlers(world)
  return {
    call: async (name, input, onEvent) => {
      world.calls.push({ name, input })
      // What crosses the socket is JSON; a value that is not would be lost there.
      return structuredClone(await handlers[name](input, onEvent ?? (() => undefined)))
    },
    close: async () => {
      world.closed += 1
    },
  }
}
