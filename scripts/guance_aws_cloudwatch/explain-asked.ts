import { type Explanation, formatTime } from 'guance-aws-lambda/dff'
import type { Inventory } from 'guance-aws-lambda/sets/guance_integration'
import type { Identity } from './identity.ts'
import type { Mask } from './mask-state.ts'
import type { CompiledConfigs, NamespaceTarget } from './targets.ts'
import { memberTest } from './tier.ts'

interface Asking {
  readonly compiled: CompiledConfigs
  readonly target: NamespaceTarget
  readonly inventory: Inventory | undefined
  /** As of the last poll. */
  readonly mask: Mask | undefined
}

/** When polls ask for an identity, and why not always, by what the last one left. */
export function askedFacts(
  { compiled: { configs, policy }, target: { tier }, inventory, mask }: Asking,
  { fingerprint, name = '' }: Identity,
): Explanation['facts'] {
  if (tier !== undefined) return [{ label: 'asked for', value: 'at every run of the critical tier' }]
  const isCritical = memberTest(configs.critical, inventory)(name)
  const { idle } = configs
  const isIdle = !isCritical && memberTest(idle, inventory)(name)
  const turn =
    idle !== undefined && isIdle ? `every ${idle.everyMin} minutes, as all of the idle tier` : 'at every poll'
  const isSilent = policy.kind !== 'everything' && mask !== undefined && !mask.awake.has(fingerprint)
  const sinceMs = mask === undefined ? 0 : Math.min(mask.cleanMs, mask.polledMs)
  const silence = `once a day, and when it wakes: it was silent for three hours; nobody of those did anything up to ${formatTime(sinceMs)}`
  return [
    { label: 'asked for', value: isSilent ? silence : turn },
    ...(isCritical ? [{ label: 'not asked for here', value: 'what the critical tier collects of it' }] : []),
  ]
}
