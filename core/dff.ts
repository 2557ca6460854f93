/** The public face for scripts, imported as `guance-aws-lambda/dff`. */
import { makeApiFunction } from './api.ts'
import { makeSecretRef } from './secret.ts'

export const DFF: {
  readonly API: typeof makeApiFunction
  readonly SECRET: typeof makeSecretRef
} = Object.freeze({ API: makeApiFunction, SECRET: makeSecretRef })

export type { ApiFunction } from './api.ts'
export { closestName } from './closest.ts'
export {
  type CostPlan,
  joinPlans,
  NO_COST,
  type PlannedLateness,
  type PlannedMetric,
  type PlannedOption,
  type PlannedRequests,
  type PlanQuestion,
} from './cost-plan.ts'
export { DffError, type ErrorCode, type ErrorParts } from './error.ts'
export type { Json } from './json.ts'
export type { Outcome } from './outcome.ts'
export { validate } from './parameters.ts'
export type { Category, FieldValue, Point } from './point.ts'
export { REGIONS } from './regions.generated.ts'
export type {
  Account,
  ApiOptions,
  BillingConfigs,
  Catalogue,
  CloudwatchConfigs,
  CollectorConfigs,
  Organization,
  LogsConfigs,
} from './schema-types.generated.ts'
export type {
  Access,
  AccessAction,
  AccountSession,
  Check,
  Expectation,
  Explanation,
  Prediction,
  Problem,
  Question,
  RunContext,
  Script,
  SinkTraits,
  Slice,
  Usage,
} from './script.ts'
export { HIDDEN, hideShapes } from './secret-shape.ts'
export type { SecretRef } from './secret.ts'
export { alignDown, DAY_MS, type EpochMs, formatTime, HOUR_MS, MINUTE_MS, SECOND_MS } from './time.ts'
export { formatWindow, splitWindow, type Window } from './window.ts'
