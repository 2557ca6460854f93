import type { Denials } from './aws/denial.ts'
import type { Faults } from './aws/fault.ts'
import type { PaidRequests } from './aws/cost-explorer.ts'
import type { AccessControl } from './aws/iam.ts'
import type { OrganizationHolder } from './aws/organization.ts'
import type { QuotaBuckets } from './aws/quota.ts'
import type { Identities } from './aws/identity.ts'
import type { Clock } from './clock.ts'
import type { Counters } from './counters.ts'
import type { SimulatorOptions } from './options.ts'
import type { Receiver } from './receiver/receiver.ts'
import type { Billing } from './truth/billing.ts'
import type { Listing } from './truth/listing.ts'
import type { Logs } from './truth/logs.ts'
import type { Services } from './truth/service.ts'
import type { Truth } from './truth/truth.ts'

/** Everything one simulator consists of; the AWS side, the receiver and the control API each take the parts they need. */
export interface Simulation {
  readonly options: SimulatorOptions
  readonly clock: Clock
  readonly counters: Counters
  readonly truth: Truth
  readonly services: Services
  readonly logs: Logs
  readonly billing: Billing
  readonly paid: PaidRequests
  readonly identities: Identities
  readonly denials: Denials
  readonly access: AccessControl
  readonly organization: OrganizationHolder
  /** Accounts whose metrics a monitoring account sees, by its id. */
  readonly links: Map<string, readonly string[]>
  readonly faults: Faults
  readonly quotas: QuotaBuckets
  readonly listing: Listing
  readonly receiver: Receiver
}
