import { CATEGORIES } from '../../core/point.ts'
import { isErrorCode } from '../../core/error.ts'
import { CONNECTOR_ID_PATTERN } from '../connector/connector-id.ts'
import { type ChildMessage, MAX_RETURN_CHARS } from './ipc.ts'
import { isCostPlan } from './check-plan.ts'
import { type Guard, hasShape, isCount, isJson, isListOf, isOneOf, isRecord, isText } from './shape.ts'

/** Names: ids, measurements, IAM actions, file places. */
const isName = isText(1_024)
/** Sentences: problems, errors, checks. */
const isSentence = isText(8_000)
/** Longest stack that is kept; a task asks V8 for fifty frames. */
const isStack = isText(64_000)

/** Longest deadline that DFF.API lets a script ask for (guance.md §4.5). */
const MAX_TIMEOUT_SEC = 3_600

/** More than any set has or expects; a list beyond it is a flood. */
const MAX_FUNCTIONS = 100
const MAX_ITEMS = 1_000_000
const MAX_BATCHES = 10_000

const isConnectorId: Guard = (value) => typeof value === 'string' && CONNECTOR_ID_PATTERN.test(value)

const isApiFunctionInfo = hasShape({
  funcId: isName,
  title: isName,
  fixedCronExpr: (value) => value === null || isName(value),
  timezone: isName,
  timeoutSec: (value) => isCount(MAX_TIMEOUT_SEC)(value) && value !== 0,
  expiresSec: isCount(),
  connectorId: isConnectorId,
})

const isBatch = hasShape({
  category: isOneOf(...CATEGORIES),
  points: isCount(),
  rawBytes: isCount(),
  body: (value) => value instanceof Uint8Array,
  contents: isListOf(
    hasShape({
      measurement: isSentence,
      key: isSentence,
      points: isCount(),
      lastPointMs: (value) => Number.isFinite(value),
    }),
    MAX_ITEMS,
  ),
})

const isState: Guard = (value) => isRecord(value) && isJson(value)

const REQUESTS: Readonly<Record<string, Guard>> = {
  // What stands in the account is checked against its schema when the request is answered: users write it.
  credentials: hasShape({ kind: isName, account: isRecord, 'refusedKeyId?': isName }),
  load: hasShape({ kind: isName, key: isSentence }),
  commit: hasShape({ kind: isName, batches: isListOf(isBatch, MAX_BATCHES), state: isState }),
}

const isExpectation = hasShape({
  objects: isListOf(
    hasShape({ measurement: isName, names: isListOf(isSentence, MAX_ITEMS), 'whenNone?': isSentence }),
    MAX_FUNCTIONS,
  ),
  metrics: isListOf(hasShape({ measurement: isName, fields: isListOf(isName, MAX_ITEMS) }), MAX_FUNCTIONS),
  'logs?': isListOf(hasShape({ measurement: isName }), MAX_FUNCTIONS),
})

const isCheck = hasShape({
  id: isName,
  status: isOneOf('ok', 'warning', 'failed'),
  title: isSentence,
  detail: isSentence,
  'remedy?': isSentence,
})

const isExplanation = hasShape({
  title: isSentence,
  facts: isListOf(hasShape({ label: isSentence, value: isSentence }), 1_000),
})

/** What becomes part of a policy has the form of what it stands for, and nothing more: somebody will paste it. */
function hasForm(form: RegExp): Guard {
  return (value) => typeof value === 'string' && value.length <= 2_048 && form.test(value)
}

const isArn = hasForm(/^arn:aws[a-z-]*:(iam|sts)::(\d{12}|\*):[\w+=,.@/-]+$/)

const isLogGroupArn = hasForm(/^arn:aws[a-z-]*:logs:[a-z0-9-]+:\d{12}:log-group:(?:[\w./#-]+:)?\*$/)

const isAccess = hasShape({
  title: isSentence,
  'accountId?': hasForm(/^\d{12}$/),
  'roleArn?': isArn,
  'externalId?': hasForm(/^[\w+=,.@:/-]+$/),
  'principalArn?': isArn,
  regions: isListOf(hasForm(/^[a-z0-9-]+$/), 1_000),
  actions: isListOf(
    hasShape({
      action: hasForm(/^[a-z0-9-]+:[A-Za-z]+$/),
      on: isOneOf('account', 'function', 'log-group'),
      'sharedArns?': isListOf(isLogGroupArn, 1_000),
      gives: isSentence,
      isOptional: isOneOf(true, false),
    }),
    1_000,
  ),
})

const isReturnValue: Guard = (value) => isJson(value) && JSON.stringify(value).length <= MAX_RETURN_CHARS

const VALUES: Readonly<Record<string, Guard>> = {
  inspect: hasShape({ mode: isName }),
  run: hasShape({ mode: isName, returnValue: isReturnValue }),
  expected: hasShape({ mode: isName, expectation: isExpectation }),
  doctor: hasShape({ mode: isName, checks: isListOf(isCheck, 10_000) }),
  explain: hasShape({ mode: isName, explanations: isListOf(isExplanation, 10_000) }),
  plan: hasShape({ mode: isName, plan: isCostPlan, isPlanned: isOneOf(true, false) }),
  access: hasShape({ mode: isName, access: isListOf(isAccess, 10_000) }),
}

/** The guard that a tag names; an own key only, because `constructor` is a tag that a hostile child can send. */
function byTag(guards: Readonly<Record<string, Guard>>, tag: string): Guard {
  return (value) => {
    const name = isRecord(value) ? value[tag] : undefined
    return typeof name === 'string' && Object.hasOwn(guards, name) && guards[name]?.(value) === true
  }
}

const USAGE = {
  api: isName,
  requests: isCount(),
  billedMetrics: isCount(),
  'accountId?': isName,
  'region?': isName,
}

const MESSAGES: Readonly<Record<string, Guard>> = {
  request: hasShape({ kind: isName, requestId: isCount(), body: byTag(REQUESTS, 'kind') }),
  loaded: hasShape({ kind: isName, functions: isListOf(isApiFunctionInfo, MAX_FUNCTIONS) }),
  problem: hasShape({
    kind: isName,
    problem: hasShape({
      code: isSentence,
      severity: isOneOf('warning', 'error'),
      scope: isSentence,
      message: isSentence,
      'action?': isSentence,
    }),
  }),
  usage: hasShape({ kind: isName, usage: hasShape(USAGE) }),
  predicted: hasShape({ kind: isName, prediction: hasShape({ ...USAGE, rule: isName }) }),
  resources: hasShape({ kind: isName, resources: hasShape({ cpuMs: isCount(), peakRssBytes: isCount() }) }),
  done: hasShape({ kind: isName, value: byTag(VALUES, 'mode') }),
  failed: hasShape({
    kind: isName,
    error: hasShape({
      code: isErrorCode,
      place: isSentence,
      expected: isSentence,
      got: isSentence,
      remedy: isSentence,
    }),
    exceptionType: isName,
    stack: isStack,
  }),
}

const isChildMessage = byTag(MESSAGES, 'kind')

/** A message of a task process, or undefined when it is not one: the process is not trusted. */
export function parseChildMessage(value: unknown): ChildMessage | undefined {
  return isChildMessage(value) ? (value as ChildMessage) : undefined
}
