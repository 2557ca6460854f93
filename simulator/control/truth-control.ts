import { alignDown, type EpochMs, MINUTE_MS } from '../../core/time.ts'
import { existsAt, memoryMbAt, timeoutSecAt } from '../truth/change.ts'
import { tagsAt } from '../truth/lambda-tags.ts'
import { ENVIRONMENT_SECRET_PREFIX } from '../truth/lambda.ts'
import { NAMESPACE, seriesKey } from '../truth/series.ts'
import { SERVICE_NAMESPACES } from '../truth/service.ts'
import { makeSamples, parseStatistic } from '../truth/statistic.ts'
import type { ControlCall } from './control-call.ts'
import { ControlError } from './input.ts'

/** Every function that ever exists, as it is now. */
export function showTruth({ simulation }: ControlCall): object {
  const { truth, options, clock } = simulation
  const nowMs = clock.nowMs()
  const accounts = options.accountIds.map((accountId) => ({
    accountId,
    regions: options.regions.map((region) => ({
      region,
      series: truth.series(accountId, region).size,
      functions: truth.fleet.lambdas(accountId, region).map((lambda) => ({
        name: lambda.name,
        index: lambda.index,
        group: lambda.group,
        trait: lambda.trait,
        isActive: lambda.isActive,
        isListed: lambda.isListed && existsAt(lambda, nowMs),
        timeoutSec: timeoutSecAt(lambda, nowMs),
        memoryMb: memoryMbAt(lambda, nowMs),
        tags: tagsAt(lambda, nowMs) ?? {},
        changes: lambda.changes.filter(({ atMs }) => atMs <= nowMs).map(({ kind, atMs }) => ({ kind, atMs })),
        versions: lambda.versions,
      })),
    })),
  }))
  return { accounts, environmentSecretPrefix: ENVIRONMENT_SECRET_PREFIX }
}

function textOf(query: URLSearchParams, name: string): string {
  const value = query.get(name)
  if (value !== null) return value
  throw new ControlError(`${name} is required`)
}

/** `?region=`: every series of the services beside Lambda. */
export function showServiceSeries({ simulation, query }: ControlCall): object {
  const { services, options } = simulation
  const accountId = query.get('accountId') ?? options.accountIds[0] ?? ''
  const region = textOf(query, 'region')
  const series = SERVICE_NAMESPACES.flatMap((namespace) =>
    [...services.series(namespace, accountId, region).values()].map(({ metric, dimensions }) => ({
      namespace,
      metric,
      dimensions,
    })),
  )
  return { series }
}

/** How the samples of one series are found. */
interface Reading {
  samples(minuteMs: EpochMs, nowMs: EpochMs): readonly number[]
  isStraggling(minuteMs: EpochMs): boolean
}

const QUESTION = ['accountId', 'region', 'namespace', 'metric', 'statistic', 'startMs', 'endMs']

function readingOf({ simulation, query }: ControlCall): Reading | undefined {
  const { truth, services, options } = simulation
  const dimensions = [...query].flatMap(([Name, Value]) => (QUESTION.includes(Name) ? [] : [{ Name, Value }]))
  const key = seriesKey(textOf(query, 'metric'), dimensions)
  const accountId = query.get('accountId') ?? options.accountIds[0] ?? ''
  const region = textOf(query, 'region')
  const namespace = query.get('namespace') ?? NAMESPACE
  if (namespace === NAMESPACE) {
    const series = truth.series(accountId, region).get(key)
    return (
      series && {
        samples: (minuteMs, nowMs) => truth.samples(series, minuteMs, nowMs),
        isStraggling: (minuteMs) => truth.isStraggling(series, minuteMs),
      }
    )
  }
  const series = services.series(namespace, accountId, region).get(key)
  return (
    series && {
      samples: (minuteMs, nowMs) => services.samples(series, minuteMs, nowMs),
      isStraggling: () => false,
    }
  )
}

/**
 * `?region=&metric=&statistic=&startMs=&endMs=`, the namespace if it is not Lambda's, and the dimensions by their names:
 * for each minute with samples what CloudWatch shows now (null before anything is seen) and finally.
 */
export function showValues(call: ControlCall): object {
  const { query, simulation } = call
  const reading = readingOf(call)
  const statistic = parseStatistic(textOf(query, 'statistic'))
  if (!reading || !statistic) throw new ControlError('no such series or statistic')
  const values: object[] = []
  const startMs = alignDown(Number(textOf(query, 'startMs')), MINUTE_MS)
  for (let timeMs = startMs; timeMs < Number(textOf(query, 'endMs')); timeMs += MINUTE_MS) {
    const all = reading.samples(timeMs, Number.POSITIVE_INFINITY)
    if (all.length === 0) continue
    const seen = reading.samples(timeMs, simulation.clock.nowMs())
    values.push({
      timeMs,
      now: seen.length === 0 ? null : statistic(makeSamples(seen)),
      final: statistic(makeSamples(all)),
      isStraggling: reading.isStraggling(timeMs),
    })
  }
  return { values }
}
