import { parseArgs } from 'node:util'
import { type EpochMs, HOUR_MS } from '../core/time.ts'
import { AWS_QUOTAS, type Quotas } from './aws/quota.ts'
import { readFleetFile } from './fleet-file.ts'
import { DEFAULT_REWRITING, type RewriteName, REWRITES, type Rewriting } from './receiver/rewriting.ts'
import type { BillingOptions } from './truth/billing.ts'
import type { Change } from './truth/change.ts'
import type { Group } from './truth/group.ts'
import { DEFAULT_LATE, type LateOptions } from './truth/lateness.ts'
import type { LogOptions } from './truth/log-options.ts'
import type { ServiceOptions } from './truth/service.ts'
import { UsageError } from './usage-error.ts'

/** Everything a simulator can be told at its start. */
export interface SimulatorOptions {
  /** Lambdas of one account, spread round-robin over the regions. */
  readonly functions: number
  /** The regions that are enabled. */
  readonly regions: readonly string[]
  /** Share of the lambdas with traffic, 0…1. */
  readonly active: number
  readonly seed: number
  /** Added to every answer of AWS. */
  readonly latencyMs: number
  /** 0 takes any free port. */
  readonly port: number
  readonly accountIds: readonly string[]
  /** The clock stands still at this instant from the start; absent, it reads real time. */
  readonly nowMs?: EpochMs
  /** Absent, a minute is complete the moment it ends. */
  readonly late?: LateOptions
  /** Whether ListMetrics lists new series late, forgets silent ones, and knows RecentlyActive. */
  readonly listing?: boolean
  /** Absent, nothing is throttled but by a fault. */
  readonly quotas?: Quotas
  readonly rewriting?: Rewriting
  /** What the lambdas are like; absent, the mixed fleet of `active`. */
  readonly groups?: readonly Group[]
  readonly changes?: readonly Change[]
  /** Nothing ran before it; absent, the fleet has always run. */
  readonly sinceMs?: EpochMs
  /** Absent, there is nothing but functions. */
  readonly services?: ServiceOptions
  /** What functions write into CloudWatch Logs; absent, little and soon. */
  readonly logs?: LogOptions
  /** What Cost Explorer says; absent, a bill of one account. */
  readonly billing?: Partial<BillingOptions>
}

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'run'; readonly options: SimulatorOptions; readonly isJson: boolean }

/** `--regions 3` takes the first three. */
const DEFAULT_REGIONS = [
  'us-east-1',
  'eu-west-1',
  'ap-southeast-1',
  'us-west-2',
  'eu-central-1',
  'ap-northeast-1',
  'us-east-2',
  'eu-north-1',
  'sa-east-1',
  'ca-central-1',
]

export const DEFAULT_OPTIONS: SimulatorOptions = {
  functions: 200,
  regions: DEFAULT_REGIONS.slice(0, 2),
  active: 0.3,
  seed: 1,
  latencyMs: 20,
  port: 0,
  accountIds: ['123456789012'],
}

export const HELP = `Usage: npm run simulator -- [options]

A loopback AWS (CloudWatch, its Logs, Lambda, Cost Explorer, STS, account, Organizations), DataKit and DataWay with a known truth, on one port of 127.0.0.1.

  --functions N      Lambda functions of one account, spread over its regions (200)
  --regions N|LIST   how many regions, or their names with commas (2)
  --active SHARE     share of the functions that have traffic, 0 to 1 (0.3)
  --seed N           the same seed gives the same functions and invocations (1)
  --latency MS       added to every answer of AWS (20)
  --fleet FILE       a fleet described in JSON; what it says goes before the flags (see simulator/README.md)
  --late             data come late, as Lambda's do: at an invocation's end, after 20 to 150 s, a few after hours
  --late-share SHARE share of a function's minutes that come one to six hours late, with --late (0.001)
  --listing          ListMetrics lists new series late, forgets silent ones and knows RecentlyActive
  --quotas           throttle as AWS does above its request rates
  --rewrite NAME     a second line for the same series and time: last, max or both (last)
  --replace-lines    the second line replaces the first with all its fields
  --history HOURS    nothing ran before; without it functions have always run, and two weeks of many take long to derive
  --now TIME         an ISO time at which the clock stands still until the control API moves it
  --port N           port, 0 for any free one (0)
  --account ID       12 digits; repeat for several accounts (123456789012)
  --json             print one JSON document instead of text
  --help             print this text

Ends on SIGTERM or SIGINT. GET /control/info and its neighbours show and change what it does: see simulator/control/.
`

interface Range {
  readonly name: string
  readonly least: number
  readonly most: number
}

function parseNumber(text: string | undefined, otherwise: number, { name, least, most }: Range): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  const isShare = name === 'active' || name === 'late-share'
  const isWhole = isShare || Number.isInteger(value)
  if (text.trim() !== '' && isWhole && value >= least && value <= most) return value
  throw new UsageError(
    `--${name} must be a ${isShare ? '' : 'whole '}number from ${least} to ${most}, got ${JSON.stringify(text)}`,
  )
}

function parseRegions(text: string | undefined): readonly string[] {
  if (text === undefined) return DEFAULT_OPTIONS.regions
  if (/^\d+$/.test(text)) {
    const count = parseNumber(text, 2, { name: 'regions', least: 1, most: DEFAULT_REGIONS.length })
    return DEFAULT_REGIONS.slice(0, count)
  }
  const regions = text.split(',')
  const isGood = regions.every((region) => /^[a-z]{2,4}(-[a-z]+)+-\d$/.test(region))
  if (isGood && new Set(regions).size === regions.length) return regions
  throw new UsageError(`--regions must be a number or region names with commas, got ${JSON.stringify(text)}`)
}

function parseAccounts(texts: readonly string[] | undefined): readonly string[] {
  const accounts = texts ?? DEFAULT_OPTIONS.accountIds
  const bad = accounts.find((account) => !/^\d{12}$/.test(account))
  if (bad === undefined) return [...new Set(accounts)]
  throw new UsageError(`--account must be 12 digits, got ${JSON.stringify(bad)}`)
}

function parseFlags(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  try {
    return parseArgs({
      args: [...args],
      options: {
        functions: text,
        regions: text,
        active: text,
        seed: text,
        latency: text,
        port: text,
        account: { type: 'string', multiple: true },
        fleet: text,
        late: flag,
        'late-share': text,
        listing: flag,
        quotas: flag,
        rewrite: text,
        'replace-lines': flag,
        history: text,
        now: text,
        json: flag,
        help: flag,
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

type Flags = ReturnType<typeof parseFlags>

function parseNow(text: string | undefined): Pick<SimulatorOptions, 'nowMs'> {
  if (text === undefined) return {}
  const nowMs = Date.parse(text)
  if (!Number.isNaN(nowMs)) return { nowMs }
  throw new UsageError(`--now must be an ISO time, got ${JSON.stringify(text)}`)
}

/** An hour or more, back from the clock's time. */
function parseHistory({ history, now }: Flags): Pick<SimulatorOptions, 'sinceMs'> {
  if (history === undefined) return {}
  const hours = parseNumber(history, 0, { name: 'history', least: 1, most: 10_000 })
  return { sinceMs: (parseNow(now).nowMs ?? Date.now()) - hours * HOUR_MS }
}

function parseRewrite(text: string): RewriteName {
  const name = REWRITES.find((each) => each === text)
  if (name !== undefined) return name
  throw new UsageError(`--rewrite must be one of ${REWRITES.join(', ')}, got ${JSON.stringify(text)}`)
}

/** What goes beyond a simple AWS and a simple store; everything of it is off unless asked for. */
function parseBehaviour(values: Flags): Partial<SimulatorOptions> {
  const lateShare = parseNumber(values['late-share'], DEFAULT_LATE.lateShare, {
    name: 'late-share',
    least: 0,
    most: 1,
  })
  const rewrite = parseRewrite(values.rewrite ?? DEFAULT_REWRITING.rewrite)
  return {
    ...(values.late ? { late: { ...DEFAULT_LATE, lateShare } } : {}),
    ...(values.listing ? { listing: true } : {}),
    ...(values.quotas ? { quotas: AWS_QUOTAS } : {}),
    rewriting: { rewrite, mergesFields: !values['replace-lines'] },
    ...parseNow(values.now),
    ...parseHistory(values),
  }
}

function parseSize(values: Flags): SimulatorOptions {
  return {
    functions: parseNumber(values.functions, DEFAULT_OPTIONS.functions, {
      name: 'functions',
      least: 0,
      most: 100_000,
    }),
    regions: parseRegions(values.regions),
    active: parseNumber(values.active, DEFAULT_OPTIONS.active, { name: 'active', least: 0, most: 1 }),
    seed: parseNumber(values.seed, DEFAULT_OPTIONS.seed, { name: 'seed', least: 0, most: 2 ** 32 - 1 }),
    latencyMs: parseNumber(values.latency, DEFAULT_OPTIONS.latencyMs, {
      name: 'latency',
      least: 0,
      most: 60_000,
    }),
    port: parseNumber(values.port, DEFAULT_OPTIONS.port, { name: 'port', least: 0, most: 65_535 }),
    accountIds: parseAccounts(values.account),
  }
}

/** Reads the command line, and the fleet file that it names. Throws UsageError for what it does not understand. */
export function parseCommand(args: readonly string[]): Command {
  const values = parseFlags(args)
  if (values.help) return { kind: 'help' }
  const flags: SimulatorOptions = { ...parseSize(values), ...parseBehaviour(values) }
  const options = values.fleet === undefined ? flags : { ...flags, ...readFleetFile(values.fleet) }
  return { kind: 'run', options, isJson: values.json }
}
