import { type Operation, parseInput, takePage } from './call.ts'
import { AwsError } from './error.ts'

/** Opt-in regions that the simulated accounts have not enabled, so that clients meet both kinds. */
const OTHER_REGIONS = ['af-south-1', 'ap-east-1', 'eu-south-1', 'il-central-1', 'me-south-1']

/** AWS's largest page. */
const MAX_PAGE_SIZE = 50

function describeRegions(enabled: readonly string[]): { RegionName: string; RegionOptStatus: string }[] {
  const others = OTHER_REGIONS.filter((region) => !enabled.includes(region))
  return [
    ...enabled.map((region) => ({ RegionName: region, RegionOptStatus: 'ENABLED_BY_DEFAULT' })),
    ...others.map((region) => ({ RegionName: region, RegionOptStatus: 'DISABLED' })),
  ]
}

/** account:ListRegions. */
export const listRegions: Operation = (call) => {
  const { MaxResults = MAX_PAGE_SIZE, NextToken, RegionOptStatusContains } = parseInput(call)
  if (typeof MaxResults !== 'number' || MaxResults < 1 || MaxResults > MAX_PAGE_SIZE) {
    throw new AwsError('validation', `MaxResults must be between 1 and ${MAX_PAGE_SIZE}`)
  }
  const wanted = Array.isArray(RegionOptStatusContains) ? RegionOptStatusContains : undefined
  const all = describeRegions(call.simulation.options.regions).filter(
    (region) => wanted === undefined || wanted.includes(region.RegionOptStatus),
  )
  const token = typeof NextToken === 'string' ? NextToken : undefined
  const page = takePage(all, token, { size: MaxResults, question: JSON.stringify(wanted ?? []) })
  return { Regions: page.items, ...(page.next === undefined ? {} : { NextToken: page.next }) }
}
