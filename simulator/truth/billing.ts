import { DAY_MS, type EpochMs, HOUR_MS } from '../../core/time.ts'
import { createRandom, drawLogNormal, hashText, mixSeed } from './random.ts'

/** What the simulated bill is like. */
export interface BillingOptions {
  /** Further accounts that the first one pays for. */
  readonly linked: number
  /** Usage types of an account, Lambda's five among them. */
  readonly usageTypes: number
  /** Rows of a page: AWS does not say how many it puts into one. */
  readonly pageRows: number
  /** Whether costs by resource were enabled in the settings. */
  readonly resources: boolean
  /** Whether costs change after the day is over. */
  readonly revisions: boolean
}

const DEFAULT_BILLING: BillingOptions = {
  linked: 0,
  usageTypes: 40,
  pageRows: 1_000,
  resources: false,
  revisions: true,
}

/** One line of the bill: money in units of 10⁻¹⁰, as many decimals as AWS writes. */
export interface BillLine {
  readonly accountId: string
  readonly dayMs: EpochMs
  readonly service: string
  readonly usageType: string
  readonly team: string
  readonly units: number
}

interface Group {
  readonly service: string
  readonly usageType: string
  readonly team: string
}

export const LAMBDA_SERVICE = 'AWS Lambda'
const LAMBDA_TYPES = [
  'Lambda-GB-Second',
  'Lambda-GB-Second-ARM',
  'Request',
  'EU-Lambda-GB-Second',
  'EU-Request',
]

/** Names as AWS writes them, with all that a reader can trip over. */
const SERVICES = [
  'Amazon Elastic Compute Cloud - Compute',
  'EC2 - Other',
  'Amazon Simple Storage Service',
  'AmazonCloudWatch',
  'AWS Key Management Service',
  'Amazon DynamoDB',
  'Tax',
]
const TEAMS = ['payments', 'search, ads', '数据 "平台"', '']

/** AWS refreshes costs up to three times a day. */
const REFRESH_MS = 8 * HOUR_MS
const FIRST_REFRESH_MS = 2.5 * HOUR_MS
/** Refreshes after a day's end until its costs hold, but for the invoice; drawn for each group and day. */
const MOST_UNSETTLED = 7
/** An invoice is closed so long after the month's end. */
const INVOICE_MS = 3 * DAY_MS

/** Shares of the lines of a day: only in estimates, only once settled, changed by the invoice. */
const PHANTOM = 0.04
const LATE = 0.08
const INVOICED = 0.15
const ABSENT = 0.1

function invoiceMs(dayMs: EpochMs): EpochMs {
  const day = new Date(dayMs)
  return Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1) + INVOICE_MS
}

/** The last refresh at or before `nowMs`. */
export function refreshMs(nowMs: EpochMs): EpochMs {
  return Math.floor((nowMs - FIRST_REFRESH_MS) / REFRESH_MS) * REFRESH_MS + FIRST_REFRESH_MS
}

/** Costs of accounts by day: what AWS says of them at any time, and what they are in the end. */
export interface Billing {
  options: BillingOptions
  /** Who sees whose costs: the first account those of all that it pays for. */
  visibleTo(accountId: string): readonly string[]
  /** What AWS calls an account. */
  nameOf(accountId: string): string
  /** Lines of a day as of a time. */
  linesAt(accountId: string, dayMs: EpochMs, nowMs: EpochMs): readonly BillLine[]
  /** Lines of a day when nothing changes any more. */
  finalLines(accountId: string, dayMs: EpochMs): readonly BillLine[]
  isEstimate(dayMs: EpochMs, nowMs: EpochMs): boolean
}

function groupsOf(options: BillingOptions): readonly Group[] {
  const lambda = LAMBDA_TYPES.map((usageType) => ({ service: LAMBDA_SERVICE, usageType }))
  const others = Array.from({ length: Math.max(0, options.usageTypes - lambda.length) }, (_, index) => ({
    service: SERVICES[index % SERVICES.length] ?? '',
    usageType: `USE1-Type${index}:m5.large`,
  }))
  return [...lambda, ...others].map((group, index) => ({ ...group, team: TEAMS[index % TEAMS.length] ?? '' }))
}

class Bills implements Billing {
  options: BillingOptions
  readonly #seed: number
  readonly #accountIds: readonly string[]

  constructor(seed: number, accountIds: readonly string[], options: BillingOptions) {
    this.#seed = seed
    this.#accountIds = accountIds
    this.options = options
  }

  visibleTo(accountId: string): readonly string[] {
    if (accountId !== this.#accountIds[0]) return [accountId]
    const linked = Array.from({ length: this.options.linked }, (_, index) => String(200_000_000_001 + index))
    return [accountId, ...linked]
  }

  nameOf(accountId: string): string {
    return accountId === this.#accountIds[0] ? 'payer' : `team ${accountId.slice(-2)}, "测试"`
  }

  isEstimate(dayMs: EpochMs, nowMs: EpochMs): boolean {
    return refreshMs(nowMs) < invoiceMs(dayMs)
  }

  finalLines(accountId: string, dayMs: EpochMs): readonly BillLine[] {
    return this.#lines(accountId, dayMs, Number.POSITIVE_INFINITY)
  }

  linesAt(accountId: string, dayMs: EpochMs, nowMs: EpochMs): readonly BillLine[] {
    return this.#lines(accountId, dayMs, refreshMs(nowMs))
  }

  #lines(accountId: string, dayMs: EpochMs, atMs: EpochMs): readonly BillLine[] {
    return groupsOf(this.options).flatMap((group, index) => {
      const units = this.#unitsAt(accountId, dayMs, { index, atMs })
      return units === undefined ? [] : [{ accountId, dayMs, ...group, units }]
    })
  }

  /** Undefined where AWS has no such line. */
  #unitsAt(
    accountId: string,
    dayMs: EpochMs,
    { index, atMs }: { readonly index: number; readonly atMs: EpochMs },
  ): number | undefined {
    const seed = mixSeed(mixSeed(mixSeed(this.#seed, hashText(accountId)), dayMs / DAY_MS), index)
    const random = createRandom(seed)
    // Each line draws all of these, in this order, so that one answer never depends on when it is asked for.
    const [kind, isInvoiced, change] = [random(), random() < INVOICED, random()]
    const unsettled = Math.floor(random() * MOST_UNSETTLED)
    const settled = Math.round(drawLogNormal(random, 0.4, 1.6) * 1e10)
    const isLambda = index < LAMBDA_TYPES.length
    if (!isLambda && kind < ABSENT) return undefined
    const { revisions } = this.options
    const isPhantom = revisions && !isLambda && kind < ABSENT + PHANTOM
    const final =
      isInvoiced && revisions ? Math.round(settled * (change < 0.1 ? -0.2 : 0.8 + change * 0.4)) : settled
    if (atMs < dayMs) return undefined
    if (atMs < dayMs + DAY_MS) return Math.round((settled * (atMs - dayMs)) / DAY_MS)
    const refreshes = Math.floor((atMs - dayMs - DAY_MS) / REFRESH_MS)
    if (revisions && refreshes < unsettled) {
      if (!isPhantom && !isLambda && kind > 1 - LATE) return undefined
      return Math.round(settled * (0.7 + createRandom(mixSeed(seed, refreshes))() * 0.4))
    }
    if (isPhantom) return undefined
    return atMs < invoiceMs(dayMs) ? settled : final
  }
}

/** Creates the bills of accounts, the same for the same seed. */
export function createBilling(
  seed: number,
  accountIds: readonly string[],
  options: Partial<BillingOptions> = {},
): Billing {
  return new Bills(seed, accountIds, { ...DEFAULT_BILLING, ...options })
}
