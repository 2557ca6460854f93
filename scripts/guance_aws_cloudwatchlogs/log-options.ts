import { type LogsConfigs, MINUTE_MS } from 'guance-aws-lambda/dff'
import { makeLineFilter } from './line-filter.ts'
import { makeRedactor, type Redact } from './redact.ts'

/** Minutes after which an event that comes is not looked for any more. */
const DEFAULT_LATENESS_MIN = 10
const DEFAULT_IDLE_MIN = 30

/** What becomes of lines, compiled once when the Startup script loads. */
export interface LogOptions {
  readonly hasLines: boolean
  readonly hasMetrics: boolean
  readonly isWanted: (message: string) => boolean
  readonly redact: Redact
  readonly sampleRate: number
  readonly isJoining: boolean
  readonly latenessMs: number
  readonly idleEveryMs: number
  readonly objectTags: readonly string[]
  readonly source: string | undefined
  readonly cloudProvider: string
}

/** Throws BAD_PARAMETER naming the pattern that cannot be used. */
export function compileOptions(configs: LogsConfigs, cloudProvider: string): LogOptions {
  const { deliver = 'both', include, exclude, redact } = configs
  const filter = {
    ...(include === undefined ? {} : { include }),
    ...(exclude === undefined ? {} : { exclude }),
  }
  return {
    hasLines: deliver !== 'metrics',
    hasMetrics: deliver !== 'lines',
    isWanted: makeLineFilter(filter, 'logsConfigs'),
    redact: makeRedactor(
      {
        ...(redact?.patterns === undefined ? {} : { patterns: redact.patterns }),
        isOff: redact?.off === true,
      },
      'logsConfigs: redact',
    ),
    sampleRate: configs.sample ?? 1,
    isJoining: configs.joinLines ?? false,
    latenessMs: (configs.maxLatenessMin ?? DEFAULT_LATENESS_MIN) * MINUTE_MS,
    idleEveryMs: (configs.idleEveryMin ?? DEFAULT_IDLE_MIN) * MINUTE_MS,
    objectTags: configs.object_tags ?? ['Runtime'],
    source: configs.source,
    cloudProvider: configs.cloud_provider ?? cloudProvider,
  }
}
