import prices from './compute-price.json' with { type: 'json' }

/** What Lambda bills for compute where a function runs, in USD. */
export interface ComputePrice {
  readonly perGbSecond: number
  readonly perRequest: number
}

type Architecture = 'x86_64' | 'arm64'

const REGIONS: Readonly<
  Record<string, Partial<Record<Architecture, number>> & { perMillionRequests: number }>
> = prices.regions

/** Of a region (China and GovCloud among them) or an architecture whose price is not known: undefined, because no estimate is better than a wrong one. */
export function findComputePrice(
  regionId: string,
  architecture: string | undefined,
): ComputePrice | undefined {
  if (architecture !== 'x86_64' && architecture !== 'arm64') return undefined
  const region = Object.hasOwn(REGIONS, regionId) ? REGIONS[regionId] : undefined
  const perGbSecond = region?.[architecture]
  if (region === undefined || perGbSecond === undefined) return undefined
  return { perGbSecond, perRequest: region.perMillionRequests / 1e6 }
}
