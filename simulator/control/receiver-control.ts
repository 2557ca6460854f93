import { echoJson } from '../receiver/echo.ts'
import { DEFAULT_MAX_BODY_BYTES } from '../receiver/outage.ts'
import { REWRITES } from '../receiver/rewriting.ts'
import type { StoredPoint } from '../receiver/stored-point.ts'
import type { ControlCall } from './control-call.ts'
import { checkKeys, ControlError, flagOf, numberOf, textOf, wordOf } from './input.ts'

/** Points of one answer unless more are asked for. */
const DEFAULT_LIMIT = 100

function setRewriting({ simulation, input }: ControlCall): void {
  const { received } = simulation.receiver
  const { rewrite, mergesFields } = received.rewriting
  received.rewriting = {
    rewrite: input.rewrite === undefined ? rewrite : wordOf(input, 'rewrite', REWRITES),
    mergesFields: flagOf(input, 'mergesFields') ?? mergesFields,
  }
}

/** `times` absent means always; `{"kind": "ok"}` ends an outage. `maxBodyBytes`, `rewrite` and `mergesFields` alone change only what they name. */
export function setReceiver(call: ControlCall): object {
  const { simulation, input } = call
  const known = [
    'kind',
    'status',
    'errorCode',
    'retryAfterSec',
    'times',
    'maxBodyBytes',
    'rewrite',
    'mergesFields',
  ]
  checkKeys(input, known)
  setRewriting(call)
  const { outages, received } = simulation.receiver
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
  return { outage: outages.current() ?? null, maxBodyBytes: outages.maxBodyBytes, ...received.rewriting }
}

/** A number of the query string. */
function queryNumber(query: URLSearchParams, name: string, otherwise: number): number {
  const value = Number(query.get(name) ?? otherwise)
  if (!Number.isNaN(value)) return value
  throw new ControlError(`${name} must be a number, or Infinity for all`)
}

/** What is not known otherwise is a tag. */
function makeFilter(query: URLSearchParams): (point: StoredPoint) => boolean {
  const startMs = queryNumber(query, 'startMs', Number.NEGATIVE_INFINITY)
  const endMs = queryNumber(query, 'endMs', Number.POSITIVE_INFINITY)
  const others = ['category', 'measurement', 'limit', 'startMs', 'endMs']
  const tags = [...query].filter(([name]) => !others.includes(name))
  return (point) => {
    const timeMs = Number(point.timeNs) / 1e6
    return timeMs >= startMs && timeMs < endMs && tags.every(([name, value]) => point.tags[name] === value)
  }
}

/** Points of a category, measurement, time or tag (`?FunctionName=…`), at most `limit`. */
export function showReceived({ simulation, query }: ControlCall): object {
  const limit = queryNumber(query, 'limit', DEFAULT_LIMIT)
  const isAsked = makeFilter(query)
  const category = query.get('category')
  const measurement = query.get('measurement')
  const filter = {
    ...(category === null ? {} : { category }),
    ...(measurement === null ? {} : { measurement }),
  }
  const points: object[] = []
  for (const point of simulation.receiver.received.points(filter)) {
    if (points.length >= limit) break
    if (isAsked(point)) points.push(echoJson(point))
  }
  return { points }
}
