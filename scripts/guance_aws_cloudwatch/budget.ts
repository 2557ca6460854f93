import { DffError, type EpochMs, type Json, MINUTE_MS, type RunContext } from 'guance-aws-lambda/dff'
import { spendingOf } from 'guance-aws-lambda/sets/guance_integration'
import {
  addEstimates,
  CAUTIOUS_LEVEL,
  type Estimate,
  isBeyondCap,
  isLast,
  isSkipped,
  LEVELS,
  nextLevel,
  type Pressure,
} from './degrade.ts'
import { needOfOthers, noteNeed } from './shared-need.ts'
import type { CompiledConfigs } from './targets.ts'

/** What is remembered from poll to poll. */
interface Stored {
  readonly level: number
  /** Last poll, skipped ones included, and last one that was not. */
  readonly polledMs: EpochMs
  readonly lastMs: EpochMs
  readonly intervalMs: number
  readonly places: Readonly<Record<string, Estimate>>
}

const DEFAULT_INTERVAL_MS = 5 * MINUTE_MS

/** The budget of one account in one poll. */
export interface Budget {
  /** What is given up. */
  readonly level: number
  /** Whether this poll is left out. */
  readonly isSkipped: boolean
  /** Remembers what a namespace of a region costs. */
  note(place: string, estimate: Estimate): void
  /** Stores what was noted. Throws BUDGET_SPENT when the month's is used up. */
  close(): Promise<void>
}

const UNLIMITED: Budget = {
  level: 0,
  isSkipped: false,
  note: () => undefined,
  close: async () => undefined,
}

function fail(accountId: string, got: string): never {
  throw new DffError({
    code: 'BUDGET_SPENT',
    place: `account ${accountId}`,
    expected: 'metrics within budget and maxSeries of cloudwatchConfigs',
    got,
    remedy:
      'Nothing more is asked of AWS. Raise the limit, or ask for less: `dff plan` says what costs how much.',
  })
}

function report(
  context: RunContext,
  accountId: string,
  { level, pressure }: { level: number; pressure: Pressure },
) {
  if (level === 0) return
  const { spent, limits } = pressure
  const share =
    limits.perMonth === undefined
      ? ''
      : ` (${Math.round((100 * spent.month) / limits.perMonth)} % of the month's are spent)`
  context.report({
    code: 'budget',
    severity: 'warning',
    scope: accountId,
    message: `The budget is short${share}: ${LEVELS.slice(1, level + 1).join('; ')}.`,
  })
}

function loadKey(purse: string, accountId: string): string {
  return `degrade/${purse}/${accountId}`
}

/** The time between polls: by the last two, unless the host paused. */
function intervalOf(stored: Stored | undefined, nowMs: EpochMs): number {
  const sinceMs = stored === undefined ? 0 : nowMs - stored.polledMs
  const isUsual = sinceMs >= MINUTE_MS / 2 && sinceMs <= 60 * MINUTE_MS
  return isUsual ? sinceMs : (stored?.intervalMs ?? DEFAULT_INTERVAL_MS)
}

interface Decision {
  readonly pressure: Pressure
  readonly level: number
  readonly isSkipped: boolean
}

function decide(
  { configs }: CompiledConfigs,
  stored: Stored | undefined,
  { isByHand, ...now }: Pick<Pressure, 'spent' | 'othersPerPoll' | 'nowMs'> & { readonly isByHand: boolean },
): Decision {
  const { budget, maxSeries, tier, idle } = configs
  const estimate = addEstimates(Object.values(stored?.places ?? {}))
  const limits = { ...budget, maxSeries }
  const idleEveryMs = idle === undefined ? undefined : idle.everyMin * MINUTE_MS
  const { nowMs } = now
  const pressure = { ...now, limits, estimate, intervalMs: intervalOf(stored, nowMs), idleEveryMs }
  // Who is critical is asked for nothing but the core, and waits for nobody.
  if (tier === 'critical') return { pressure, level: 0, isSkipped: false }
  const first = maxSeries === undefined ? 0 : CAUTIOUS_LEVEL
  const before = stored?.level ?? first
  const level = stored === undefined || isByHand ? before : nextLevel(before, pressure)
  const lastMs = stored?.lastMs ?? 0
  return { pressure, level, isSkipped: !isByHand && isSkipped(level, { nowMs, lastMs }) }
}

/**
 * Says what was not sent. Throws BUDGET_SPENT when nothing will be in this month, or when polls are too dear although
 * nothing is left to be given up: the same functions would be left out again and again.
 */
function reportRefused(context: RunContext, accountId: string, isEnd: boolean): void {
  const refused = spendingOf(context).refusedOf(accountId)
  if (refused === undefined) return
  if (refused.isMonth || (isEnd && context.backfill === undefined)) fail(accountId, refused.text)
  // A backfill by hand comes once: what it lacks nobody asks for by itself.
  const rest =
    context.backfill === undefined
      ? 'what is missing is asked for at the next run.'
      : 'ask for the rest of the window by --backfill again.'
  const message = `${refused.text}: ${rest}`
  context.report({ code: 'budget', severity: 'error', scope: accountId, message })
}

/** Decides what is given up in this poll, by what the last ones cost. Throws BUDGET_SPENT when not even the core may be collected. */
export async function openBudget(
  context: RunContext,
  compiled: CompiledConfigs,
  accountId: string,
): Promise<Budget> {
  const { budget, maxSeries, tier = 'run' } = compiled.configs
  if (budget === undefined && maxSeries === undefined) return UNLIMITED
  const nowMs = context.triggerTimeMs
  const spending = spendingOf(context)
  await spending.open(accountId, budget ?? {}, tier)
  const key = loadKey(tier, accountId)
  // Written below alone.
  const stored = (await context.load(key)) as unknown as Stored | undefined
  // Somebody wants a backfill now, and it says nothing about what polls cost or how often they come.
  const isByHand = context.backfill !== undefined
  const othersPerPoll = await needOfOthers(context, { accountId, purse: tier })
  const spent = spending.spentBy(accountId)
  const decision = decide(compiled, stored, { spent, othersPerPoll, nowMs, isByHand })
  const { pressure, level } = decision
  report(context, accountId, { level, pressure })
  if (isBeyondCap(pressure))
    fail(accountId, `${pressure.estimate.series.at(-1)} series of the core alone, above ${maxSeries}`)
  const places: Record<string, Estimate> = {}
  return {
    level,
    isSkipped: decision.isSkipped,
    note: (place, one) => {
      places[place] = one
    },
    close: async () => {
      // Who was refused has not had its turn.
      const isTurn = !decision.isSkipped && spending.refusedOf(accountId) === undefined
      const next: Stored = {
        level,
        polledMs: nowMs,
        lastMs: isTurn ? nowMs : (stored?.lastMs ?? nowMs),
        intervalMs: pressure.intervalMs,
        places: Object.keys(places).length === 0 ? (stored?.places ?? {}) : places,
      }
      const units = addEstimates(Object.values(next.places)).units[level] ?? 0
      const needs = await noteNeed(context, { accountId, purse: tier, units })
      const state = { [key]: next as unknown as Json, ...needs }
      if (!isByHand) await context.commit({ points: [], state })
      // Who is critical gives nothing up; its first poll asks for more than any later one.
      reportRefused(context, accountId, tier === 'critical' ? stored !== undefined : isLast(level))
    },
  }
}
