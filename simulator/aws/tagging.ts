import { existsAt } from '../truth/change.ts'
import { tagsAt } from '../truth/lambda-tags.ts'
import { type Operation, parseInput, takePage } from './call.ts'
import { AwsError } from './error.ts'
import { partitionOf } from './identity.ts'

/** AWS's largest page. */
const MAX_PAGE_SIZE = 100

/** tag:GetResources, of functions alone: those that have or once had tags. */
export const getResources: Operation = (call) => {
  const { ResourcesPerPage = MAX_PAGE_SIZE, PaginationToken, ResourceTypeFilters } = parseInput(call)
  if (typeof ResourcesPerPage !== 'number' || ResourcesPerPage < 1 || ResourcesPerPage > MAX_PAGE_SIZE) {
    throw new AwsError('validation', `ResourcesPerPage must be between 1 and ${MAX_PAGE_SIZE}`)
  }
  const types: readonly unknown[] = Array.isArray(ResourceTypeFilters) ? ResourceTypeFilters : []
  const { identity, region } = call.caller
  const nowMs = call.simulation.clock.nowMs()
  const lambdas =
    types.length === 0 || types.includes('lambda:function') || types.includes('lambda')
      ? call.simulation.truth.fleet.lambdas(identity.accountId, region)
      : []
  const all = lambdas.flatMap((lambda) => {
    const tags = lambda.isListed && existsAt(lambda, nowMs) ? tagsAt(lambda, nowMs) : undefined
    return tags === undefined ? [] : [{ lambda, tags }]
  })
  const token = typeof PaginationToken === 'string' && PaginationToken !== '' ? PaginationToken : undefined
  const page = takePage(all, token, { size: ResourcesPerPage, question: 'tags', fault: call.fault })
  return {
    ResourceTagMappingList: page.items.map(({ lambda, tags }) => ({
      ResourceARN: `arn:${partitionOf(region)}:lambda:${region}:${identity.accountId}:function:${lambda.name}`,
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    })),
    PaginationToken: page.next ?? '',
  }
}
