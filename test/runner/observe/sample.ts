import type { TaskRecord } from '../../../runner/host-api.ts'
import { Counters } from '../../../runner/observe/counters.ts'
import type { Observation } from '../../../runner/observe/observation.ts'

export const NOW_MS = Date.UTC(2026, 10, 23, 18, 36, 20)
const FUNC = 'startup__guance_aws_lambda.run'
const MINUTE_MS = 60_000

/** A record of a tick that ran for 12.3 s, changed as a test needs it. */
export function makeRecord(changes: Partial<TaskRecord> = {}): TaskRecord {
  return {
    id: '0mib2kcg01a2b3c4d5e6',
    funcId: FUNC,
    triggerId: 'cron-startup-guance_aws_lambda',
    origin: 'cronJob',
    status: 'success',
    triggerTimeMs: NOW_MS - 80_000,
    startTimeMs: NOW_MS - 76_500,
    endTimeMs: NOW_MS - 64_200,
    isDebug: false,
    missedTicks: 0,
    predicted: [],
    exceptionType: null,
    exceptionText: null,
    problems: [],
    points: { metric: 1_200, custom_object: 40 },
    usage: [
      { api: 'cloudwatch:GetMetricData', requests: 15, billedMetrics: 4_400 },
      { api: 'lambda:ListFunctions', requests: 1, billedMetrics: 0 },
    ],
    resources: null,
    connector: 'datakit http://127.0.0.1:9529',
    endpointUrl: null,
    returnValue: null,
    ...changes,
  }
}

export const FAILED = makeRecord({
  id: '0mib2kcg02a2b3c4d5e6',
  origin: 'direct',
  triggerId: null,
  status: 'failure',
  exceptionType: 'Tab\t"quoted" \\ line\nbreak 中文',
  exceptionText: 'the account has no region\nsecond line',
  problems: [
    { code: 'forbidden', severity: 'warning', scope: '1/us-east-1', message: 'denied' },
    { code: 'forbidden', severity: 'error', scope: '1/eu-west-1', message: 'denied' },
  ],
  points: {},
  usage: [{ api: 'cloudwatch:GetMetricData', requests: 2, billedMetrics: 500 }],
})

export const SKIPPED = makeRecord({
  id: '0mib2kcg03a2b3c4d5e6',
  status: 'skip',
  startTimeMs: null,
  exceptionType: 'PreviousTaskNotFinished',
  exceptionText: 'Task x of this function was still running.',
  points: {},
  usage: [],
})

/** Counts a round of everything: a success, a failure, a skip, and what a sink said. */
export function countRound(counters: Counters): void {
  for (const record of [makeRecord(), FAILED, SKIPPED]) counters.taskEnded(record)
  counters.sent('default', { kind: 'accepted' })
  counters.sent('default', { kind: 'accepted' })
  counters.sent('default', { kind: 'retry', reason: '503' })
}

export function makeObservation(counters: Counters, changes: Partial<Observation> = {}): Observation {
  return {
    nowMs: NOW_MS,
    startedAtMs: NOW_MS - 600 * MINUTE_MS,
    version: '0.1.0',
    node: 'v24.21.0',
    process: { rssBytes: 98_304_000, cpuSec: 12.5, openFiles: 31 },
    records: [
      { funcId: FUNC, status: 'success', count: 98 },
      { funcId: FUNC, status: 'failure', count: 2 },
      { funcId: FUNC, status: 'pending', count: 1 },
      { funcId: 'startup__other.run', status: 'waiting', count: 1 },
    ],
    triggers: [
      {
        triggerId: 'cron-startup-guance_aws_lambda',
        funcId: FUNC,
        title: 'AWS-Lambda Collection',
        fixedCronExpr: '*/5 * * * *',
        cronOverride: null,
        timezone: 'UTC',
        isEnabled: true,
        lastTickMs: NOW_MS - 80_000,
        mark: null,
      },
      {
        triggerId: 'cron-startup-other',
        funcId: 'startup__other.run',
        title: 'never',
        fixedCronExpr: '0 0 * * *',
        cronOverride: null,
        timezone: 'UTC',
        isEnabled: false,
        lastTickMs: null,
        mark: null,
      },
    ],
    backlog: {
      waitingBatches: 3,
      waitingPoints: 4_500,
      deadBatches: 1,
      deadPoints: 7,
      oldestWaitingMs: NOW_MS - 90_500,
    },
    lanes: [
      {
        connectorId: 'default',
        waitingBatches: 3,
        waitingPoints: 4_500,
        waitingBytes: 123_456,
        deadBatches: 1,
        deadPoints: 7,
        deadBytes: 789,
        oldestWaitingMs: NOW_MS - 90_500,
        oldestReason: '503',
        acknowledgedPoints: 1_000_000,
        lastAcknowledgedMs: NOW_MS - 2_000,
        maxBytes: 2 ** 30,
      },
      {
        connectorId: 'staging',
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
        maxBytes: 2 ** 20,
      },
    ],
    acknowledged: { points: 1_000_000, lastMs: NOW_MS - 2_000 },
    lags: [
      {
        scriptId: 'startup__guance_aws_lambda',
        measurement: 'aws_AWS/Lambda',
        newestPointMs: NOW_MS - 380_000,
        lagMs: 380_000,
      },
      {
        scriptId: 'startup__guance_aws_lambda',
        measurement: 'aws_lambda',
        newestPointMs: NOW_MS - 80_000,
        lagMs: 80_000,
      },
    ],
    counters,
    ...changes,
  }
}

/** Counters after one round. */
export function makeCounters(): Counters {
  const counters = new Counters(NOW_MS - 600 * MINUTE_MS)
  countRound(counters)
  return counters
}
