import type {
  Access,
  Check,
  CostPlan,
  Expectation,
  Explanation,
  PlanQuestion,
  Problem,
  Question,
  RunContext,
} from 'guance-aws-lambda/dff'

/**
 * What became of one region of one collector. `degraded` went without something it may not have (a denied listing)
 * and does not fail the task; `failed` says why.
 */
export type RegionResult =
  | { readonly kind: 'collected'; readonly scope: string; readonly points: number }
  | { readonly kind: 'degraded'; readonly scope: string; readonly points: number }
  | { readonly kind: 'failed'; readonly scope: string; readonly problem: Problem }

/** One source of data of one account. `Runner` calls those of an account in the order given: objects first, metrics after. */
export interface Collector {
  /** Shown in the log and in problems, e.g. `AWS-Lambda`. */
  readonly name: string
  /**
   * Id of its account: collectors of one run behind each other, those of different ones side by side. Rejects where its
   * credentials fail; undefined for what stands in the place of accounts that nobody knows.
   */
  readonly accountId: ((context: RunContext) => Promise<string>) | undefined
  /** Commits what it collects as it goes and reports what it could not; throws only when nothing can go on. */
  run(context: RunContext): Promise<readonly RegionResult[]>
  /** What can wait until every collector of the run has delivered; a failure of it fails nothing. */
  later?(context: RunContext): Promise<unknown>
  /** From stored state alone: no network. */
  expected(context: RunContext): Promise<Expectation>
  /** Tries each IAM action it needs, in each region. */
  doctor(context: RunContext): Promise<readonly Check[]>
  /** What must be allowed for it: the actions that `doctor` tries. Left out by a collector that calls none. */
  access?(context: RunContext): Promise<Access>
  /** From stored state alone: no network. Left out by a collector without series. */
  explain?(context: RunContext, question: Question): Promise<readonly Explanation[]>
  /** Lists what there is and reports what cannot be listed; asks for nothing that is billed. Left out by a collector that costs nothing. */
  plan?(context: RunContext, question: PlanQuestion): Promise<CostPlan>
}
