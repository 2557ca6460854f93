import { mapConcurrently } from 'guance-aws-lambda/sets/guance_integration'
import type { NamespaceContext } from './circumstances.ts'
import type { QueryOutcome } from './fetch.ts'
import { fetchOpen } from './fetch-open.ts'
import { type Ask, planRequests } from './plan.ts'
import { predictRequests, type Rule } from './rule.ts'
import type { Tally } from './tally.ts'
import { PERIOD_SEC } from './window.ts'

/** What is asked, and why: by its rule it is predicted and counted. */
interface Asking {
  readonly rule: Rule
  readonly asks: readonly Ask[]
  readonly tally: Tally
}

/** Asks AWS, as many requests at once as the run may; the outcomes in the order of the requests. Throws AwsFailure when AWS refuses. */
export async function fetchAsks(
  shared: NamespaceContext,
  { rule, asks, tally }: Asking,
): Promise<{ readonly requests: number; readonly outcomes: readonly QueryOutcome[] }> {
  const requests = planRequests(asks, PERIOD_SEC)
  predictRequests(shared, rule, requests)
  tally.addBilled(rule, requests)
  const answers = await mapConcurrently(requests, shared.context.concurrency, async (one) =>
    fetchOpen(shared, one),
  )
  return { requests: requests.length, outcomes: answers.flat() }
}
