/** An in-memory host for tests of the command line alone; tests through real processes are elsewhere. */
import { DffError } from '../../../core/error.ts'
import type { LaneRow, OutboxRow } from '../../../runner/host-report.ts'
import type {
  Backlog,
  ConnectorRow,
  HostClient,
  HostEvent,
  HostMethods,
  MethodName,
  SecretRow,
  TaskRecord,
} from '../../../runner/host-api.ts'
import type { AccountUsage } from '../../../runner/cost/account-usage.ts'
import type { PlanReport } from '../../../runner/cost/priced-plan.ts'
import type { MarketEntry } from '../../../runner/host-report.ts'
import type { PauseRow, TriggerRow } from '../../../runner/trigger/trigger-row.ts'
import { makePolicyReports } from '../../../runner/policy/policy-report.ts'
import { comparisonOf, PLAN } from './sample-plan.ts'
import {
  ACCESS,
  BACKUP,
  BATCH,
  ENTRY,
  LANE,
  LINES,
  NO_BACKLOG,
  NOW_MS,
  RECORD,
  TRIGGER,
  USAGE,
} from './sample.ts'

/** What the double holds; a test changes it before the call and looks at it after. */
export interface World {
  entry: MarketEntry
  record: TaskRecord
  backlog: Backlog
  pid: number
  connectors: ConnectorRow[]
  secrets: Map<string, SecretRow & { readonly value: string }>
  triggers: TriggerRow[]
  pause: PauseRow | null
  outbox: OutboxRow[]
  lanes: LaneRow[]
  /** What an upgrade wants beyond what was granted. */
  wish: DffError | undefined
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
    pause: null,
    outbox: [BATCH],
    lanes: [LANE],
    wish: undefined,
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
    install: ({ setId, grant }) => {
      if (world.wish !== undefined && grant !== true) throw world.wish
      return [{ setId, version: '0.1.0', digest: 'a'.repeat(64), wasInstalled: true }]
    },
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
    'trigger.pause': ({ untilMs }) => {
      world.pause = { sinceMs: NOW_MS, untilMs }
      world.triggers = world.triggers.map((row) => ({ ...row, isPaused: true, nextTickMs: untilMs }))
      return { pause: world.pause, triggers: world.triggers }
    },
    'trigger.resume': () => {
      world.pause = null
      world.triggers = world.triggers.map((row) => ({ ...row, isPaused: false }))
      return { pause: null, triggers: world.triggers }
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
      pause: world.pause,
      runningTasks: [],
      tasks: { waiting: 0, pending: 0, success: 98, failure: 2, timeout: 0, skip: 1, expire: 0 },
      backlog: world.backlog,
      lags: [
        {
          scriptId: 'startup__guance_aws_lambda',
          measurement: 'aws_AWS/Lambda',
          newestPointMs: NOW_MS,
          lagMs: 380_000,
        },
      ],
      activity: {
        sinceMs: NOW_MS,
        tasks: { success: 98 },
        calls: RECORD.usage,
        deliveries: { accepted: 40, retry: 2 },
        errors: [
          { source: 'problem', kind: 'forbidden', count: 12 },
          { source: 'delivery', kind: 'retry', count: 2 },
        ],
      },
      metricsUrl: 'http://127.0.0.1:9464/metrics',
      connector: world.connectors[0] ?? { id: 'default', config: { type: 'file' }, isImplicit: true },
      acknowledgedPoints: 12_385,
      lastAcknowledgedMs: NOW_MS,
      lastDeliveryError: null,
      lanes: world.lanes,
      usage: world.usage,
      priceProblem: world.priceProblem,
    }),
    backup: ({ file }) => ({ ...BACKUP, file }),
    'home.lend': () => ({ isLent: true }),
    'outbox.list': ({ state }) => world.outbox.filter((row) => state === null || row.state === state),
    'outbox.retry': ({ batchId }) => ({
      retried: world.outbox.filter((row) => batchId === null || row.batchId === batchId).length,
    }),
    'outbox.drop': ({ batchId }) => ({
      dropped: world.outbox.filter((row) => batchId === null || row.batchId === batchId).length,
    }),
    'outbox.show': ({ batchId }) => {
      const row = world.outbox.find((batch) => batch.batchId === batchId)
      if (row === undefined) throw unknownName('batch', String(batchId))
      const contents = [
        { measurement: 'aws_AWS/Lambda', key: 'Errors_Sum', points: 1_000, lastPointMs: NOW_MS },
      ]
      return { ...row, contents, lines: ['aws_AWS/Lambda,name=checkout Errors_Sum=1 1795458960000000000'] }
    },
    'secret.set': ({ name, value, grantTo }) => {
      const row = { name, updatedAtMs: NOW_MS, grantedTo: grantTo === null ? [] : [`startup__${grantTo}`] }
      world.secrets.set(name, { ...row, value })
      return row
    },
    'secret.list': () => [...world.secrets.values()].map(({ value: _value, ...row }) => row),
    'secret.rotateKey': ({ key }) => ({
      resealed: world.secrets.size,
      place: key === null ? '/home/demo/.dff/key' : 'DFF_SECRET_KEY',
    }),
    'secret.remove': ({ name }) => ({ removed: world.secrets.delete(name) }),
    'connector.set': ({ id, config }) => {
      const row = { id, config, isImplicit: false }
      world.connectors = [...world.connectors.filter((known) => known.id !== id), row]
      return row
    },
    'connector.list': () => world.connectors,
    'connector.remove': ({ id }) => {
      world.connectors = world.connectors.filter((known) => known.id !== id)
      return { id }
    },
    'connector.test': ({ id, rewrite, save }) => ({
      ...report(id),
      found: rewrite === true ? { rewrite: 'last', mergesFields: false } : null,
      isSaved: save === true,
    }),
    doctor: ({ setId }) => [report(setId ?? 'host')],
    verify: ({ setId }) => report(setId),
    plan: ({ compare }) =>
      compare === null ? world.plan : { ...world.plan, ...comparisonOf(world.plan.plan) },
    policy: ({ setIds, partition }) =>
      setIds.includes('empty') ? [] : makePolicyReports([ACCESS], partition),
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
