/** Prometheus text exposition format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). */
import type { Labels } from './counters.ts'

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export interface Sample {
  /** `_bucket`, `_sum` or `_count` of a histogram; else empty. */
  readonly suffix?: string
  readonly labels: Labels
  readonly value: number
}

/** One metric with all its samples, which the format wants together. */
export interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly samples: readonly Sample[]
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

/** Carriage returns are not in the format's list, and a reader that splits lines there would lose the rest. */
function escapeLabel(text: string): string {
  return escapeHelp(text.toWellFormed().replaceAll('\r', ' ')).replaceAll('"', '\\"')
}

/** As Go reads a float. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (value === Infinity) return '+Inf'
  return value === -Infinity ? '-Inf' : String(value)
}

function formatSample(name: string, { suffix = '', labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`)
  const set = pairs.length === 0 ? '' : `{${pairs.join(',')}}`
  return `${name}${suffix}${set} ${formatNumber(value)}`
}

/** Every family with its HELP and TYPE; one without samples is left out. Ends with a line feed, as the format demands. */
export function formatFamilies(families: readonly Family[]): string {
  const lines = families
    .filter(({ samples }) => samples.length > 0)
    .flatMap(({ name, type, help, samples }) => [
      `# HELP ${name} ${escapeHelp(help)}`,
      `# TYPE ${name} ${type}`,
      ...samples.map((sample) => formatSample(name, sample)),
    ])
  return `${lines.join('\n')}\n`
}
