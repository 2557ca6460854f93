import type { Denial } from '../aws/denial.ts'
import { FAULT_KINDS } from '../aws/fault.ts'
import { resetCounters } from '../counters.ts'
import { jsonReply, type Reply, type Request } from '../http.ts'
import { echoJson } from '../receiver/echo.ts'
import { DEFAULT_MAX_BODY_BYTES } from '../receiver/outage.ts'
import type { SimulatorInfo } from '../server.ts'
import type { Simulation } from '../simulation.ts'
import { ENVIRONMENT_SECRET_PREFIX } from '../truth/lambda.ts'
import { audit } from './audit.ts'
import {
  checkKeys,
  ControlError,
  type Input,
  numberOf,
  parseInput,
  required,
  textOf,
  textsOf,
  wordOf,
} from './input.ts'

interface ControlCall {
  readonly simulation: Simulation
  readonly info: SimulatorInfo
  readonly query: URLSearchParams
  readonly input: Input
}

type Handler = (call: ControlCall) => object

/** Points of one answer unless more are asked for. */
const DEFAULT_LIMIT = 100

function showClock({ simulation: { clock } }: ControlCall): object {
  return { nowMs: clock.nowMs(), frozen: clock.isFrozen() }
}

/** `{"nowMs"}` sets it, `{"offsetMs"}` moves it on from where it is, `{"frozen"}` stops or restarts it; all may come together. */
function setClock(call: ControlCall): object {
  const { clock } = call.simulation
  checkKeys(call.input, ['nowMs', 'offsetMs', 'frozen'])
  const nowMs = numberOf(call.input, 'nowMs') ?? clock.nowMs()
  clock.set(nowMs + (numberOf(call.input, 'offsetMs') ?? 0))
  if (call.input.frozen === true) clock.freeze()
  if (call.input.frozen === false) clock.unfreeze()
  return showClock(call)
}

function parseDenial(input: Input): Denial {
  checkKeys(input, ['actions', 'regions', 'accountIds'])
  const regions = textsOf(input, 'regions')
  const accountIds = textsOf(input, 'accountIds')
  return {
    actions: required(textsOf(input, 'actions'), 'actions'),
    ...(regions ? { regions } : {}),
    ...(accountIds ? { accountIds } : {}),
  }
}

/** One denial replaces all that were there; no actions lift them. Several come as `{"denials": […]}`. */
function setDenials({ simulation, input }: ControlCall): object {
  const several = Array.isArray(input.denials) ? input.denials : [input]
  simulation.denials.replace(
    several.map((each: Input) => parseDenial(each)).filter(({ actions }) => actions.length > 0),
  )
  return { denials: simulation.denials.list() }
}

/** Adds a fault; `{"clear": true}` forgets all that are still to come. */
function addFault({ simulation, input }: ControlCall): object {
  checkKeys(input, ['api', 'kind', 'times', 'region', 'clear'])
  if (input.clear === true) simulation.faults.clear()
  if (input.api !== undefined) {
    const region = textOf(input, 'region')
    simulation.faults.add({
      api: required(textOf(input, 'api'), 'api'),
      kind: wordOf(input, 'kind', FAULT_KINDS),
      times: numberOf(input, 'times') ?? 1,
      ...(region === undefined ? {} : { region }),
    })
  }
  return { faults: simulation.faults.list() }
}

/** `times` absent means always; `{"kind": "ok"}` ends an outage. `maxBodyBytes` alone changes only the limit. */
function setReceiver({ simulation, input }: ControlCall): object {
  checkKeys(input, ['kind', 'status', 'errorCode', 'retryAfterSec', 'times', 'maxBodyBytes'])
  const { outages } = simulation.receiver
  const status = numberOf(input, 'status')
  const kind = input.kind === undefined ? 'status' : wordOf(input, 'kind', ['status', 'hang', 'close', 'ok'])
  outages.maxBodyBytes = numberOf(input, 'maxBodyBytes') ?? outages.maxBodyBytes
  if (kind === 'ok') {
    outages.set(undefined)
    outages.maxBodyBytes = numberOf(input, 'maxBodyBytes') ?? DEFAULT_MAX_BODY_BYTES
  } else if (kind !== 'status' || status !== undefined) {
    outages.set({
      kind,
      status: status ?? 503,
      errorCode: textOf(input, 'errorCode') ?? 'simulator.outage',
      retryAfterSec: numberOf(input, 'retryAfterSec'),
      times: numberOf(input, 'times') ?? Number.POSITIVE_INFINITY,
    })
  }
  return { outage: outages.current() ?? null, maxBodyBytes: outages.maxBodyBytes }
}

function showTruth({ simulation }: ControlCall): object {
  const { truth, options } = simulation
  const accounts = options.accountIds.map((accountId) => ({
    accountId,
    regions: options.regions.map((region) => ({
      region,
      series: truth.series(accountId, region).size,
      functions: truth.fleet
        .lambdas(accountId, region)
        .map(({ name, trait, isActive, timeoutSec }) => ({ name, trait, isActive, timeoutSec })),
    })),
  }))
  return { accounts, environmentSecretPrefix: ENVIRONMENT_SECRET_PREFIX }
}

function showReceived({ simulation, query }: ControlCall): object {
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT)
  if (Number.isNaN(limit)) throw new ControlError('limit must be a number, or Infinity for all')
  const category = query.get('category')
  const measurement = query.get('measurement')
  const filter = {
    ...(category === null ? {} : { category }),
    ...(measurement === null ? {} : { measurement }),
  }
  const points: object[] = []
  for (const point of simulation.receiver.received.points(filter)) {
    if (points.length >= limit) break
    points.push(echoJson(point))
  }
  return { points }
}

function runAudit({ simulation, input }: ControlCall): object {
  checkKeys(input, ['accountId', 'regions', 'startMs', 'endMs', 'metrics'])
  const { accountIds, regions } = simulation.options
  return audit(simulation, {
    accountId: textOf(input, 'accountId') ?? accountIds[0] ?? '',
    regions: textsOf(input, 'regions') ?? regions,
    startMs: required(numberOf(input, 'startMs'), 'startMs'),
    endMs: required(numberOf(input, 'endMs'), 'endMs'),
    metrics: textsOf(input, 'metrics'),
  })
}

const HANDLERS: Readonly<Record<string, Handler>> = {
  'GET info': ({ info }) => info,
  'GET counters': ({ simulation }) => simulation.counters,
  'POST counters/reset': ({ simulation }) => {
    resetCounters(simulation.counters)
    return simulation.counters
  },
  'GET truth': showTruth,
  'GET clock': showClock,
  'POST clock': setClock,
  'GET denials': ({ simulation }) => ({ denials: simulation.denials.list() }),
  'POST denials': setDenials,
  'GET faults': ({ simulation }) => ({ faults: simulation.faults.list() }),
  'POST faults': addFault,
  'POST sessions/expire': ({ simulation }) => {
    simulation.identities.expireSessions()
    return {}
  },
  'GET received': showReceived,
  'GET received/summary': ({ simulation }) => ({ summary: simulation.receiver.received.summary() }),
  'POST received/reset': ({ simulation }) => {
    simulation.receiver.received.reset()
    return {}
  },
  'POST receiver': setReceiver,
  'POST audit': runAudit,
}

/** Answers `/control/…`: 200 with JSON, 400 with `{"error"}` for bad input, 404 with the list of what there is. */
export function answerControl(simulation: Simulation, info: SimulatorInfo, request: Request): Reply {
  const route = `${request.method} ${request.rawPath.slice('/control/'.length)}`
  const handler = Object.hasOwn(HANDLERS, route) ? HANDLERS[route] : undefined
  if (!handler)
    return jsonReply(404, { error: `unknown ${route}; known are ${Object.keys(HANDLERS).join(', ')}` })
  try {
    return jsonReply(200, handler({ simulation, info, query: request.query, input: parseInput(request) }))
  } catch (error) {
    if (!(error instanceof ControlError)) throw error
    return jsonReply(400, { error: error.message })
  }
}
