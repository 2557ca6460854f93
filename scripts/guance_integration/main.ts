/** The core set: accounts, AWS clients, what collectors share, and `Runner`. */
export { describeAccess } from './access.ts'
export { parseAccount } from './account.ts'
export { isAbsent } from './absent.ts'
export { type ActionProbe, probeRegions } from './action-probe.ts'
export { examineTrust } from './trust.ts'
export {
  accountState,
  type AwsAccount,
  DEFAULT_CLOUD_PROVIDER,
  loadAccountId,
  openAccount,
} from './aws-account.ts'
export { AwsFailure, makeProblem, reportProblem } from './aws-error.ts'
export type { AwsRegion } from './aws-region.ts'
export type { EnvironmentNames } from './environment.ts'
export { type Backoff, SINGLE_ATTEMPT } from './backoff.ts'
export type { Collector, RegionResult } from './collector.ts'
export { mapConcurrently } from './concurrency.ts'
export {
  effectiveTimeoutSec,
  type GoneEntry,
  type Inventory,
  type InventoryEntry,
  type VersionSweep,
  inventoryState,
  keepTimeouts,
  loadInventory,
  loadLastListing,
} from './inventory.ts'
export { linkedTag, TAKEN } from './linked-tag.ts'
export { compileGlob, compileGlobs, type NameTest } from './glob.ts'
export { compileNames, namedPatterns } from './name-list.ts'
export { keepLives, livesOf } from './lives.ts'
export { readList, readNumber, readText, readToken } from './reply.ts'
export { meteredOf } from './metered.ts'
export { billedFor } from './metering.ts'
export { planRegions } from './plan-regions.ts'
export { collectRegions, isFatal } from './region-run.ts'
export { examineRegions } from './enabled-regions.ts'
export { loadRegions, resolveRegions } from './regions.ts'
export { Organization } from './organization.ts'
export { Runner } from './runner.ts'
export type { AccountSource } from './source.ts'
export { type Limits, type Spent, spendingOf } from './spending.ts'
export { gatePer } from './weighted-gate.ts'
