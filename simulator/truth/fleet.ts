import { createRandom, hashText, mixSeed } from './random.ts'
import { describeLambda, type Lambda, TRAITS, type Trait } from './lambda.ts'

/** What decides the whole truth. The same options give the same lambdas, invocations and datapoints. */
export interface FleetOptions {
  readonly seed: number
  readonly accountIds: readonly string[]
  readonly regions: readonly string[]
  /** Lambdas of one account, spread round-robin over its regions. */
  readonly lambdasPerAccount: number
  /** Share of the lambdas that have traffic, 0…1. */
  readonly activeShare: number
}

/** The lambdas of each account and region. */
export interface Fleet {
  readonly options: FleetOptions
  /** In the order of ListFunctions; empty for an account or a region that is not part of the fleet. */
  lambdas(accountId: string, region: string): readonly Lambda[]
}

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

function makeRegion(options: FleetOptions, accountId: string, region: string): Lambda[] {
  const regionIndex = options.regions.indexOf(region)
  const accountIndex = options.accountIds.indexOf(accountId)
  if (regionIndex < 0 || accountIndex < 0) return []
  const accountSeed = mixSeed(hashText(accountId), options.seed)
  const lambdas: Lambda[] = []
  for (let index = regionIndex; index < options.lambdasPerAccount; index += options.regions.length) {
    const position = lambdas.length
    const seed = mixSeed(accountSeed, index)
    const trait = TRAITS[position] ?? drawTrait(createRandom(seed))
    const isActive = isActiveAt(position, options.activeShare)
    lambdas.push(
      describeLambda({
        id: accountIndex * options.lambdasPerAccount + index,
        accountId,
        region,
        index,
        position,
        seed,
        trait,
        isActive,
      }),
    )
  }
  return lambdas
}

/** Creates the fleet; a region's lambdas are made when first asked for. */
export function createFleet(options: FleetOptions): Fleet {
  const made = new Map<string, readonly Lambda[]>()
  return {
    options,
    lambdas(accountId, region) {
      const key = `${accountId}/${region}`
      const lambdas = made.get(key) ?? makeRegion(options, accountId, region)
      made.set(key, lambdas)
      return lambdas
    },
  }
}
