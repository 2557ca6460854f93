import type { ConnectorRegistry } from './connector/registry.ts'
import type { Broker } from './credentials/broker.ts'
import type { ExternalIds } from './credentials/external-id.ts'
import type { HomePaths } from './home.ts'
import type { Counters } from './observe/counters.ts'
import type { Observer } from './observe/observer.ts'
import type { Sender } from './outbox/sender.ts'
import type { OwnerInfo } from './owner.ts'
import type { Pruner } from './pruner.ts'
import type { Vault } from './secret/vault.ts'
import type { Store } from './store/store.ts'
import type { Tasks } from './tasks.ts'
import type { Scheduler } from './trigger/scheduler.ts'

/** What the host is made of; each part is created once, in host.ts, and handed to whoever needs it. */
export interface HostParts {
  readonly paths: HomePaths
  readonly owner: OwnerInfo
  /** Folder that holds marketplace.json and scripts/: the package, or a test's own market. */
  readonly marketRoot: string
  readonly store: Store
  readonly vault: Vault
  readonly broker: Broker
  readonly externalIds: ExternalIds
  readonly connectors: ConnectorRegistry
  readonly sender: Sender
  readonly scheduler: Scheduler
  readonly tasks: Tasks
  readonly pruner: Pruner
  readonly counters: Counters
  readonly observer: Observer
  /** Aborts when the host begins to leave: streams end, tasks and deliveries get their time. */
  readonly leaving: AbortSignal
  /** Leaves the home to another process, and takes it back when that is done. */
  readonly lend: () => void
  /** Says something to whoever watches the host itself. */
  readonly note: (text: string) => void
}
