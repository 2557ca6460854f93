import type { HostHandlers } from '../host-api.ts'
import type { HostParts } from '../host-parts.ts'
import { makeBackupHandlers } from './backup.ts'
import { makeCheckHandlers } from './check.ts'
import { makeConnectorHandlers } from './connector.ts'
import { makeExecHandlers } from './exec.ts'
import { makeMarketHandlers } from './market.ts'
import { makeOutboxHandlers } from './outbox.ts'
import { makePlanHandlers } from './plan.ts'
import { makeSecretHandlers } from './secret.ts'
import { makeStatusHandlers } from './status.ts'
import { makeTaskHandlers } from './task.ts'
import { makeTriggerHandlers } from './trigger.ts'
import { makePolicyHandlers } from './policy.ts'
import { makeWhyHandlers } from './why.ts'

/** Every method of host-api.ts, for a client in this process and for the socket alike. */
export function makeHandlers(parts: HostParts): HostHandlers {
  return {
    ...makeMarketHandlers(parts),
    ...makeTriggerHandlers(parts),
    ...makeExecHandlers(parts),
    ...makeTaskHandlers(parts),
    ...makeStatusHandlers(parts),
    ...makeBackupHandlers(parts),
    ...makeOutboxHandlers(parts),
    ...makeSecretHandlers(parts),
    ...makeConnectorHandlers(parts),
    ...makeCheckHandlers(parts),
    ...makePolicyHandlers(parts),
    ...makeWhyHandlers(parts),
    ...makePlanHandlers(parts),
  }
}
