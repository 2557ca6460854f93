import { parseArgs } from 'node:util'

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
}

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'run'; readonly options: SimulatorOptions; readonly isJson: boolean }

/** A flag with a value that cannot be; the message is one line for the user. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

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

A loopback AWS (CloudWatch, Lambda, STS, account), DataKit and DataWay with a known truth, on one port of 127.0.0.1.

  --functions N      Lambda functions of one account, spread over its regions (200)
  --regions N|LIST   how many regions, or their names with commas (2)
  --active SHARE     share of the functions that have traffic, 0 to 1 (0.3)
  --seed N           the same seed gives the same functions and invocations (1)
  --latency MS       added to every answer of AWS (20)
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
  const isWhole = name === 'active' || Number.isInteger(value)
  if (text.trim() !== '' && isWhole && value >= least && value <= most) return value
  throw new UsageError(
    `--${name} must be a ${name === 'active' ? '' : 'whole '}number from ${least} to ${most}, got ${JSON.stringify(text)}`,
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
        json: flag,
        help: flag,
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

/** Reads the command line. Throws UsageError for what it does not understand. */
export function parseCommand(args: readonly string[]): Command {
  const values = parseFlags(args)
  if (values.help) return { kind: 'help' }
  const options: SimulatorOptions = {
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
  return { kind: 'run', options, isJson: values.json }
}
