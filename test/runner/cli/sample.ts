/** One of everything that a host answers with. */
import type { Access } from '../../../core/script.ts'
import type { BackupRow } from '../../../runner/backup/backup-row.ts'
import type { Json } from '../../../core/json.ts'
import { SCHEMAS } from '../../../core/schemas.generated.ts'
import type { LaneRow, MarketEntry, OutboxRow } from '../../../runner/host-report.ts'
import type { Backlog, LogLine, TaskRecord } from '../../../runner/host-api.ts'
import type { TriggerRow } from '../../../runner/trigger/trigger-row.ts'
import type { AccountUsage } from '../../../runner/cost/account-usage.ts'

export const NOW_MS = Date.UTC(2026, 10, 23, 18, 36, 0)
const MINUTE_MS = 60_000

export const FORM = SCHEMAS['parameters/guance_aws_lambda'] as Record<string, Json>

export const ENTRY: MarketEntry = {
  manifest: {
    id: 'guance_aws_lambda',
    version: '0.1.0',
    title: { en: 'Guance Integration (AWS-Lambda Collection)', zh: '观测云集成（AWS-Lambda 采集）' },
    description: { en: 'Collects Lambda functions and their metrics.', zh: '采集 Lambda 函数及其指标。' },
    requires: ['guance_integration', 'guance_aws_cloudwatch'],
    uses: ['aws'],
    startup: 'startup.ts',
    parameters: 'guance_aws_lambda',
    actions: {
      needed: ['cloudwatch:ListMetrics', 'cloudwatch:GetMetricData'],
      optional: ['lambda:ListFunctions'],
    },
  },
  digest: 'a'.repeat(64),
  installedVersion: null,
  isUpdateWaiting: false,
  parameters: FORM,
  files: [{ path: 'main.ts', bytes: 1200, sha256: 'b'.repeat(64) }],
}

export const TRIGGER: TriggerRow = {
  triggerId: 'cron-startup__guance_aws_lambda.run',
  funcId: 'startup__guance_aws_lambda.run',
  title: 'AWS-Lambda Collection',
  cronExpr: '*/5 * * * *',
  fixedCronExpr: '*/5 * * * *',
  cronOverride: null,
  timezone: 'UTC',
  isEnabled: true,
  isPaused: false,
  lastTickMs: NOW_MS,
  nextTickMs: NOW_MS + 4 * MINUTE_MS,
  lastStatus: 'success',
}

const US_EAST = { accountId: '123456789012', region: 'us-east-1' }

export const RECORD: TaskRecord = {
  id: 'task-01',
  funcId: 'startup__guance_aws_lambda.run',
  triggerId: null,
  origin: 'direct',
  status: 'success',
  triggerTimeMs: NOW_MS,
  missedTicks: 0,
  startTimeMs: NOW_MS + 20,
  endTimeMs: NOW_MS + 12_345,
  isDebug: false,
  exceptionType: null,
  exceptionText: null,
  problems: [
    {
      code: 'forbidden',
      severity: 'warning',
      scope: '123456789012/us-east-1',
      message: 'ListFunctions was denied; metrics go on without objects',
      action: 'lambda:ListFunctions',
    },
  ],
  points: { metric: 12_345, custom_object: 40 },
  usage: [
    { api: 'cloudwatch:GetMetricData', requests: 15, billedMetrics: 4_400, ...US_EAST },
    { api: 'lambda:ListFunctions', requests: 1, billedMetrics: 0, ...US_EAST },
  ],
  predicted: [
    { api: 'cloudwatch:GetMetricData', requests: 14, billedMetrics: 4_000, ...US_EAST, rule: 'everything' },
  ],
  resources: { cpuMs: 1_234, peakRssBytes: 128 * 1024 * 1024 },
  connector: 'datakit http://127.0.0.1:9529',
  endpointUrl: null,
  returnValue: { regions: 1 },
}

export const USAGE: AccountUsage[] = [
  {
    accountId: '123456789012',
    today: {
      requests: 4_320,
      billedMetrics: 312_400,
      bill: { costs: [{ currency: 'USD', amount: 3.124 }], isWhole: true },
    },
    month: {
      requests: 99_000,
      billedMetrics: 7_812_345,
      bill: { costs: [{ currency: 'USD', amount: 78.123_45 }], isWhole: true },
    },
  },
  {
    accountId: '210987654321',
    today: { requests: 0, billedMetrics: 0, bill: { costs: [], isWhole: true } },
    month: { requests: 12, billedMetrics: 40, bill: { costs: [], isWhole: false } },
  },
]

export const NO_BACKLOG: Backlog = {
  waitingBatches: 0,
  waitingPoints: 0,
  deadBatches: 0,
  deadPoints: 0,
  oldestWaitingMs: null,
}

export const LANE: LaneRow = {
  connectorId: 'default',
  config: { type: 'file' },
  waitingBatches: 0,
  waitingPoints: 0,
  waitingBytes: 0,
  deadBatches: 0,
  deadPoints: 0,
  deadBytes: 0,
  maxBytes: 1024 ** 3,
  pressure: 'low',
  oldestWaitingMs: null,
  acknowledgedPoints: 12_385,
  lastAcknowledgedMs: NOW_MS,
  delivery: 'ok',
  lastError: null,
}

export const LINES: readonly LogLine[] = [
  { taskId: 'task-01', sequence: 0, timeMs: NOW_MS + 20, text: 'run collector #1: `AWS-Lambda`' },
  { taskId: 'task-01', sequence: 1, timeMs: NOW_MS + 145, text: 'us-east-1: 40 functions, 名字 中文' },
]

export const BATCH: OutboxRow = {
  batchId: 7,
  state: 'dead',
  connectorId: 'default',
  category: 'metric',
  points: 1000,
  rawBytes: 123_456,
  taskId: 'task-01',
  createdAtMs: NOW_MS,
  attempts: 3,
  nextAttemptMs: null,
  reason: '400 invalid point',
}

export const BACKUP: BackupRow = {
  file: '/backups/home 中文.db',
  bytes: 1_843_200,
  createdAtMs: NOW_MS,
  home: '/home/demo',
  homeId: '0123456789abcdef0123456789abcdef',
  sets: 3,
  scripts: 1,
  secrets: 2,
  tasks: 1_204,
  waitingPoints: 512,
}

export const ACCESS: Access = {
  title: 'arn:aws:iam::123456789012:role/guance',
  accountId: '123456789012',
  roleArn: 'arn:aws:iam::123456789012:role/guance',
  externalId: 'an-external-id',
  principalArn: 'arn:aws:iam::999999999999:user/collector',
  regions: ['us-east-1', 'eu-west-1'],
  actions: [
    { action: 'lambda:ListFunctions', on: 'account', gives: 'objects', isOptional: false },
    { action: 'cloudwatch:GetMetricData', on: 'account', gives: 'metrics', isOptional: false },
    { action: 'lambda:ListAliases', on: 'function', gives: 'aliases on objects', isOptional: true },
  ],
}
