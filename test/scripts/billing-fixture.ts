import { onTestFinished, vi } from 'vitest'
import { DffError, type BillingConfigs, type Point, type SinkTraits, type Slice } from '../../core/dff.ts'
import { HOUR_MS } from '../../core/time.ts'
import { BillingCollector } from '../../scripts/guance_aws_billing/main.ts'
import { Runner } from '../../scripts/guance_integration/main.ts'
import type { SimulatorOptions } from '../../simulator/options.ts'
import { type Aws, NO_WAIT, startAws } from './aws-fixture.ts'
import { makeRun, makeStore, type TestRun, type TestStore } from './run-context.ts'

export const MONTH_START_MS: number = Date.parse('2026-10-01T00:00:00Z')
export const MONTH_END_MS: number = Date.parse('2026-11-01T00:00:00Z')

export interface Paid {
  readonly byDay: Readonly<Record<string, number>>
  readonly usd: number
  readonly repeated: number
}

interface Bill {
  readonly total: string
  readonly lines: readonly { readonly accountId: string; readonly day: string; readonly amount: string }[]
}

/** What a script that is killed leaves of its run. */
export class Killed extends Error {}

/** A billing script in virtual time, over a bill with a known truth. */
export class BillingPlay {
  readonly aws: Aws
  readonly store: TestStore = makeStore()
  readonly runs: TestRun[] = []
  configs: BillingConfigs
  sink: SinkTraits = { rewrite: 'unknown', mergesFields: false }
  /** Called before a commit takes effect; a throw refuses it whole. */
  beforeCommit: (slice: Slice) => void = () => undefined

  private constructor(aws: Aws, configs: BillingConfigs) {
    this.aws = aws
    this.configs = configs
  }

  static async open(
    billing: SimulatorOptions['billing'],
    configs: BillingConfigs = {},
    options: Partial<SimulatorOptions> = {},
  ): Promise<BillingPlay> {
    const aws = await startAws({
      functions: 10,
      nowMs: MONTH_START_MS,
      // Costs are shared out by metrics of days that lie back.
      sinceMs: MONTH_START_MS - 30 * 86_400_000,
      ...(billing === undefined ? {} : { billing }),
      ...options,
    })
    return new BillingPlay(aws, configs)
  }

  get script() {
    const { accountId } = this.aws.session
    const account = { extra_tags: { account_name: '生产, "main"', account_id: accountId, env: 'prod' } }
    return Runner(BillingCollector(account, this.configs, { backoff: NO_WAIT }))
  }

  runAt(timeMs: number, options: Partial<Parameters<typeof makeRun>[1]> = {}): TestRun {
    const { beforeCommit, sink } = this
    const run = makeRun(this.store, {
      triggerTimeMs: timeMs,
      session: this.aws.session,
      sink,
      beforeCommit: (slice) => beforeCommit(slice),
      ...options,
    })
    this.runs.push(run)
    return run
  }

  /** Sets the clocks of AWS and of the machine. */
  setClocks(timeMs: number): void {
    this.aws.simulator.control('clock', { nowMs: timeMs })
    vi.setSystemTime(timeMs)
  }

  /** One tick; resolves with the run whether it succeeds or not. */
  async tick(timeMs: number): Promise<TestRun> {
    this.setClocks(timeMs)
    const run = this.runAt(timeMs)
    await this.script.run(run).catch((error: unknown) => {
      if (!(error instanceof Killed || error instanceof DffError)) throw error
    })
    return run
  }

  /** A tick every hour at 17 minutes past. */
  async tickAll(fromMs: number, toMs: number): Promise<void> {
    for (let timeMs = fromMs + 17 * 60_000; timeMs < toMs; timeMs += HOUR_MS) await this.tick(timeMs)
  }

  async paid(): Promise<Paid> {
    return this.aws.control('GET', 'billing/paid')
  }

  async truth(startMs: number, endMs: number): Promise<Bill> {
    return this.aws.control('POST', 'billing/truth', { startMs, endMs })
  }

  lines(grouping = 'service_usage'): readonly Point[] {
    return this.store.points.filter(({ tags }) => tags['grouping'] === grouping)
  }

  /** The newest revision of each line, of days in a span. */
  newest(grouping: string, startMs: number, endMs: number): readonly Point[] {
    const newest = new Map<string, Point>()
    for (const point of this.lines(grouping)) {
      const id = point.tags['billing_id'] ?? ''
      const held = newest.get(id)
      if (held === undefined || Number(point.fields['revision']) > Number(held.fields['revision']))
        newest.set(id, point)
    }
    const isWithin = ({ timeMs }: Point): boolean => timeMs >= startMs && timeMs < endMs
    return [...newest.values()].filter(isWithin)
  }
}

/** A play that ends with the test. */
export async function openPlay(...args: Parameters<typeof BillingPlay.open>): Promise<BillingPlay> {
  vi.useFakeTimers({ toFake: ['Date'], now: MONTH_START_MS })
  onTestFinished(() => void vi.useRealTimers())
  const play = await BillingPlay.open(...args)
  onTestFinished(async () => play.aws.close())
  return play
}

/** What a run reports, without the simulated clock's distance from the real one. */
export function problemsOf({ problems }: TestRun): TestRun['problems'] {
  return problems.filter(({ code }) => code !== 'clock-skew')
}

/** Sum of a field in units of 10⁻¹⁰, exactly: a float holds each of them. */
export function sumUnits(points: readonly Point[], field = 'amount'): bigint {
  return points.reduce((sum, { fields }) => sum + BigInt(Math.round(Number(fields[field]) * 1e10)), 0n)
}

/** A text of ten decimals in units of 10⁻¹⁰. */
export function unitsOf(text: string): bigint {
  return BigInt(text.replace('.', ''))
}
