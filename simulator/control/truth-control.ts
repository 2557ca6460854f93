import { alignDown, MINUTE_MS } from '../../core/time.ts'
import { existsAt, timeoutSecAt } from '../truth/change.ts'
import { ENVIRONMENT_SECRET_PREFIX } from '../truth/lambda.ts'
import { seriesKey } from '../truth/series.ts'
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

/**
 * `?region=&metric=&statistic=&startMs=&endMs=`, and the dimensions by their names: for each minute with samples what
 * CloudWatch shows now (null before anything is seen) and finally.
 */
export function showValues({ simulation, query }: ControlCall): object {
  const { truth, clock, options } = simulation
  const known = ['accountId', 'region', 'metric', 'statistic', 'startMs', 'endMs']
  const dimensions = [...query].flatMap(([Name, Value]) => (known.includes(Name) ? [] : [{ Name, Value }]))
  const key = seriesKey(textOf(query, 'metric'), dimensions)
  const accountId = query.get('accountId') ?? options.accountIds[0] ?? ''
  const series = truth.series(accountId, textOf(query, 'region')).get(key)
  const statistic = parseStatistic(textOf(query, 'statistic'))
  if (!series || !statistic) throw new ControlError('no such series or statistic')
  const values: object[] = []
  const startMs = alignDown(Number(textOf(query, 'startMs')), MINUTE_MS)
  for (let timeMs = startMs; timeMs < Number(textOf(query, 'endMs')); timeMs += MINUTE_MS) {
    const all = truth.samples(series, timeMs, Number.POSITIVE_INFINITY)
    if (all.length === 0) continue
    const seen = truth.samples(series, timeMs, clock.nowMs())
    values.push({
      timeMs,
      now: seen.length === 0 ? null : statistic(makeSamples(seen)),
      final: statistic(makeSamples(all)),
      isStraggling: truth.isStraggling(series, timeMs),
    })
  }
  return { values }
}
