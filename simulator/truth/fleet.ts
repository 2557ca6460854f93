import type { EpochMs } from '../../core/time.ts'
import type { Change } from './change.ts'
import { createGroupPicker, type Group } from './group.ts'
import { describeLambda, type Lambda, makeReplica, TRAITS, type Trait } from './lambda.ts'
import { createRandom, hashText, mixSeed } from './random.ts'

/** What decides the whole truth. The same options give the same lambdas, invocations and datapoints. */
export interface FleetOptions {
  readonly seed: number
  readonly accountIds: readonly string[]
  readonly regions: readonly string[]
  /** Lambdas of one account, spread round-robin over its regions. */
  readonly lambdasPerAccount: number
  /** Share of the lambdas that have traffic, 0…1; groups decide for themselves. */
  readonly activeShare: number
  /** What the lambdas are like; none gives the mixed fleet of the demo. */
  readonly groups?: readonly Group[]
  readonly changes?: readonly Change[]
  /** Nothing ran before it; absent, the fleet has always run. */
  readonly sinceMs?: EpochMs
}

/** The lambdas of each account and region. */
export interface Fleet {
  readonly options: FleetOptions
  /** All that ever exist there, in the order of ListFunctions; empty for an account or a region that is not part of the fleet. */
  lambdas(accountId: string, region: string): readonly Lambda[]
}

/** Lambda@Edge functions live here and are copied from here. */
const EDGE_HOME = 'us-east-1'

/** Traits of lambdas after the first twelve: mostly plain, as in a real account. */
function drawTrait(random: () => number): Trait {
  if (random() < 0.6) return 'plain'
  return TRAITS[Math.floor(random() * TRAITS.length)] ?? 'plain'
}

/** Spreads the active ones evenly, so that a share of 0.3 is exact in every region and not only on average. */
function isActiveAt(position: number, share: number): boolean {
  if (position < TRAITS.length) return true
  return Math.floor((position + 1) * share) > Math.floor(position * share)
}

interface Role {
  readonly trait: Trait
  readonly isActive: boolean
  readonly group: Group | undefined
}

/** What the lambdas of a region are, in turn. */
function createCasting(options: FleetOptions): (position: number, seed: number) => Role {
  const { groups = [], activeShare } = options
  const pick = createGroupPicker(groups)
  return (position, seed) => {
    const picked = pick()
    if (!picked) {
      const trait = TRAITS[position] ?? drawTrait(createRandom(seed))
      return { trait, isActive: isActiveAt(position, activeShare), group: undefined }
    }
    const { group, nth } = picked
    const trait = group.traits[nth % group.traits.length] ?? 'plain'
    return { trait, isActive: group.activity.kind !== 'idle', group }
  }
}

function makeRegion(options: FleetOptions, accountId: string, region: string): Lambda[] {
  const regionIndex = options.regions.indexOf(region)
  const accountIndex = options.accountIds.indexOf(accountId)
  if (regionIndex < 0 || accountIndex < 0) return []
  const accountSeed = mixSeed(hashText(accountId), options.seed)
  const changes = (options.changes ?? []).filter((change) => change.accountId === accountId)
  const cast = createCasting(options)
  const lambdas: Lambda[] = []
  for (let index = regionIndex; index < options.lambdasPerAccount; index += options.regions.length) {
    const position = lambdas.length
    const seed = mixSeed(accountSeed, index)
    const place = { accountId, region, index, position, seed, ...cast(position, seed) }
    const own = changes.filter((change) => change.index === index)
    const id = accountIndex * options.lambdasPerAccount + index
    lambdas.push(describeLambda({ ...place, id, changes: own }))
  }
  return lambdas
}

/** Ids of replicas follow those of all functions, region by region. */
function makeReplicas(options: FleetOptions, home: readonly Lambda[], region: string): Lambda[] {
  if (region === EDGE_HOME) return []
  const all = options.accountIds.length * options.lambdasPerAccount
  const firstId = all * (1 + options.regions.indexOf(region))
  const edgeRegions = new Map((options.groups ?? []).map((group) => [group.name, group.edgeRegions]))
  return home
    .filter(({ group }) => edgeRegions.get(group)?.includes(region))
    .map((lambda) => makeReplica(lambda, region, firstId + lambda.id))
}

/** Creates the fleet; a region's lambdas are made when first asked for. */
export function createFleet(options: FleetOptions): Fleet {
  const made = new Map<string, readonly Lambda[]>()
  const own = (accountId: string, region: string): readonly Lambda[] => {
    const key = `${accountId}/${region}`
    const lambdas = made.get(key) ?? makeRegion(options, accountId, region)
    made.set(key, lambdas)
    return lambdas
  }
  const whole = new Map<string, readonly Lambda[]>()
  return {
    options,
    lambdas(accountId, region) {
      const key = `${accountId}/${region}`
      const lambdas = whole.get(key) ?? [
        ...own(accountId, region),
        ...makeReplicas(options, own(accountId, EDGE_HOME), region),
      ]
      whole.set(key, lambdas)
      return lambdas
    },
  }
}
