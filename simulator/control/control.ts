import type { Denial } from '../aws/denial.ts'
import { resetCounters } from '../counters.ts'
import { jsonReply, type Reply, type Request } from '../http.ts'
import type { SimulatorInfo } from '../server.ts'
import type { Simulation } from '../simulation.ts'
import { audit } from './audit.ts'
import { auditInventory } from './inventory-audit.ts'
import { setBilling, showBill, showPaid } from './billing-control.ts'
import type { ControlCall, Handler } from './control-call.ts'
import { addFault, setChaos, setQuotas, showQuotas } from './fault-control.ts'
import { changeFunction, setLate, setListing, showLate, showListing } from './fleet-control.ts'
import { setIam } from './iam-control.ts'
import { setLinks, setOrganization } from './organization-control.ts'
import {
  checkKeys,
  ControlError,
  flagOf,
  type Input,
  numberOf,
  parseInput,
  required,
  textOf,
  textsOf,
} from './input.ts'
import { auditLogs, setLogs, showLogs, showReports } from './logs-control.ts'
import { setReceiver, showReceived } from './receiver-control.ts'
import { showServiceSeries, showTruth, showValues } from './truth-control.ts'

/** Differences that an audit describes unless asked for more. */
const DEFAULT_SAMPLES = 20

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
  checkKeys(input, ['actions', 'regions', 'accountIds', 'metrics'])
  const metrics = textsOf(input, 'metrics')
  const regions = textsOf(input, 'regions')
  const accountIds = textsOf(input, 'accountIds')
  return {
    actions: required(textsOf(input, 'actions'), 'actions'),
    ...(regions ? { regions } : {}),
    ...(accountIds ? { accountIds } : {}),
    ...(metrics ? { metrics } : {}),
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

function runAudit({ simulation, input }: ControlCall): object {
  checkKeys(input, ['accountId', 'regions', 'startMs', 'endMs', 'metrics', 'publications', 'samples'])
  const { accountIds, regions } = simulation.options
  return audit(simulation, {
    accountId: textOf(input, 'accountId') ?? accountIds[0] ?? '',
    regions: textsOf(input, 'regions') ?? regions,
    startMs: required(numberOf(input, 'startMs'), 'startMs'),
    endMs: required(numberOf(input, 'endMs'), 'endMs'),
    metrics: textsOf(input, 'metrics'),
    publications: flagOf(input, 'publications') ?? false,
    samples: numberOf(input, 'samples') ?? DEFAULT_SAMPLES,
  })
}

function tagsOf(input: Input): Readonly<Record<string, string>> {
  const entries: (readonly [string, unknown])[] = Object.entries(input['tags'] ?? {})
  const tags = entries.filter((entry): entry is readonly [string, string] => typeof entry[1] === 'string')
  if (tags.length === entries.length) return Object.fromEntries(tags)
  throw new ControlError('tags must be an object of texts')
}

function runInventoryAudit({ simulation, input }: ControlCall): object {
  checkKeys(input, ['accountIds', 'regions', 'sinceMs', 'untilMs', 'tags', 'samples'])
  const { accountIds, regions } = simulation.options
  return auditInventory(simulation, {
    accountIds: textsOf(input, 'accountIds') ?? accountIds,
    regions: textsOf(input, 'regions') ?? regions,
    sinceMs: required(numberOf(input, 'sinceMs'), 'sinceMs'),
    untilMs: numberOf(input, 'untilMs') ?? simulation.clock.nowMs(),
    tags: tagsOf(input),
    samples: numberOf(input, 'samples') ?? DEFAULT_SAMPLES,
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
  'GET truth/values': showValues,
  'GET truth/series': showServiceSeries,
  'GET clock': showClock,
  'POST clock': setClock,
  'GET denials': ({ simulation }) => ({ denials: simulation.denials.list() }),
  'POST denials': setDenials,
  'POST iam': setIam,
  'POST organization': setOrganization,
  'POST links': setLinks,
  'GET faults': ({ simulation }) => ({ faults: simulation.faults.list() }),
  'POST faults': addFault,
  'GET chaos': ({ simulation }) => simulation.faults.chaos(),
  'POST chaos': setChaos,
  'GET quotas': showQuotas,
  'POST quotas': setQuotas,
  'GET late': showLate,
  'POST late': setLate,
  'GET listing': showListing,
  'POST listing': setListing,
  'POST functions': changeFunction,
  'POST billing': setBilling,
  'POST billing/truth': showBill,
  'GET billing/paid': showPaid,
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
  'POST audit/inventory': runInventoryAudit,
  'GET truth/logs': showLogs,
  'GET truth/reports': showReports,
  'POST logs': setLogs,
  'POST audit/logs': auditLogs,
}

/** A control call that nobody knows; answered 404 with the list of what there is. */
class UnknownCallError extends ControlError {}

function perform(route: string, call: ControlCall): object {
  const handler = Object.hasOwn(HANDLERS, route) ? HANDLERS[route] : undefined
  if (handler) return handler(call)
  throw new UnknownCallError(`unknown ${route}; known are ${Object.keys(HANDLERS).join(', ')}`)
}

/** Answers `/control/…`: 200 with JSON, 400 with `{"error"}` for bad input, 404 with the list of what there is. */
export function answerControl(simulation: Simulation, info: SimulatorInfo, request: Request): Reply {
  const route = `${request.method} ${request.rawPath.slice('/control/'.length)}`
  try {
    const input = parseInput(request.body.toString('utf8'))
    return jsonReply(200, perform(route, { simulation, info, query: request.query, input }))
  } catch (error) {
    if (!(error instanceof ControlError)) throw error
    return jsonReply(error instanceof UnknownCallError ? 404 : 400, { error: error.message })
  }
}

/** The same without HTTP, for tests in this process: a body makes it a POST. Throws ControlError. */
export function callControl(
  simulation: Simulation,
  info: SimulatorInfo,
  { path, body }: { readonly path: string; readonly body: object | undefined },
): unknown {
  const { pathname, searchParams } = new URL(path, 'http://control/')
  const route = `${body === undefined ? 'GET' : 'POST'} ${pathname.slice(1)}`
  const input = parseInput(body === undefined ? '' : JSON.stringify(body))
  return perform(route, { simulation, info, query: searchParams, input })
}
