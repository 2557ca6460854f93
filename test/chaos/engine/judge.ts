import type { Json } from '../../../core/dff.ts'
import { decodeHour } from '../../../scripts/guance_aws_cloudwatch/digest.ts'
import { fingerprintOf } from '../../../scripts/guance_aws_cloudwatch/identity.ts'
import { identityOf } from '../../../scripts/guance_aws_cloudwatch/series.ts'
import type { AuditReport } from '../../../simulator/control/audit.ts'
import type { TestStore } from '../../scripts/run-context.ts'
import type { Played } from './play.ts'
import { HOUR_MS, type Scenario } from './scenario.ts'

/** What the receiver holds against the truth of the wild hours, as it is after the tail. */
export function auditWild(
  { simulator }: Played,
  { regions, firstCleanMs, wildEndMs, sink }: Scenario,
): AuditReport {
  // Where rewrites add up and somebody may have written before, the first run does not look back.
  const lookbackMs = sink.rewrite === 'both' ? 0 : 3 * HOUR_MS
  return simulator.control('audit', {
    regions,
    startMs: firstCleanMs - lookbackMs,
    endMs: wildEndMs,
    publications: true,
    samples: 100_000,
  }) as AuditReport
}

const DIGEST_KEY = /^digest\/\d+\/(?<region>[^/]+)\/.*\/(?<hour>\d+)$/

/** `region fingerprint time` of the lines that one state value says differ from what was published. */
function linesSeen(key: string, value: Json): readonly string[] {
  const { region, hour } = DIGEST_KEY.exec(key)?.groups ?? {}
  if (region === undefined || value === null) return []
  const { seen } = value as unknown as { readonly seen: Readonly<Record<string, string>> }
  return Object.entries(seen).flatMap(([fingerprint, text]) => {
    const digests = new Map<number, number>()
    decodeHour(Number(hour), text, digests)
    return [...digests.keys()].map((timeMs) => `${region} ${fingerprint} ${timeMs}`)
  })
}

/** Every line that was ever recorded to differ. */
function recordedLines({ commits }: TestStore): ReadonlySet<string> {
  const values = commits.flatMap(({ state }) => Object.entries(state))
  return new Set(values.flatMap(([key, value]) => linesSeen(key, value)))
}

const SAMPLE = /^(?:missing|wrong) \S+ of \{(.*)\} in (\S+) at (\S+):/

/** The same for a difference that the audit describes; the sample itself when it is of something else. */
function lineOf(sample: string): string {
  const match = SAMPLE.exec(sample)
  if (match === null) return sample
  const [, set = '', region = '', time = ''] = match
  const dimensions = set
    .split(', ')
    .filter((pair) => pair !== '')
    .map((pair) => ({ name: pair.slice(0, pair.indexOf('=')), value: pair.slice(pair.indexOf('=') + 1) }))
    .toSorted((left, right) => (left.name < right.name ? -1 : 1))
  return `${region} ${fingerprintOf(identityOf({ dimensions }))} ${Date.parse(time)}`
}

/** Differences between truth and receiver that no run recorded. */
export function unrecorded({ store }: Played, { samples }: AuditReport): readonly string[] {
  const recorded = recordedLines(store)
  return samples.filter((sample) => !recorded.has(lineOf(sample)))
}
