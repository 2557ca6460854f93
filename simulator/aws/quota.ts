import { AwsError } from './error.ts'

/** Requests a second that AWS allows each account and region, by IAM action; `lambda:*` is one quota for the whole service, and a region behind an action has one of its own. */
export type Quotas = Readonly<Record<string, number>>

/** The defaults of AWS: CloudWatch's service quotas, and Lambda's 15 a second over all of its control plane. */
export const AWS_QUOTAS: Quotas = {
  'cloudwatch:GetMetricData': 500,
  'cloudwatch:ListMetrics': 25,
  'lambda:*': 15,
  'logs:FilterLogEvents': 10,
  'logs:FilterLogEvents us-east-1': 25,
}

/** Datapoints a second that GetMetricData may be asked for, by how long ago the window starts. */
const RECENT_MS = 3 * 3_600_000
const RECENT_DATAPOINTS = 180_000
const OLDER_DATAPOINTS = 396_000

interface Bucket {
  tokens: number
  atMs: number
}

/** The token buckets of every account, region and action. They fill by real time, because requests come in real time. */
export interface QuotaBuckets {
  /** Undefined while no quota is in force. */
  quotas(): Quotas | undefined
  set(quotas: Quotas | undefined): void
  /** Takes a request. Throws the throttling error of the service when there is none left. */
  takeRequest(action: string, place: string): void
  /** Takes the datapoints that a GetMetricData request asks for. */
  takeDatapoints(place: string, datapoints: number, ageMs: number): void
}

/** Creates the buckets: full, each holding one second's worth. */
export function createQuotas(initial: Quotas | undefined): QuotaBuckets {
  let current = initial
  const buckets = new Map<string, Bucket>()
  const take = (key: string, perSec: number, tokens: number): boolean => {
    const nowMs = Date.now()
    const bucket = buckets.get(key) ?? { tokens: perSec, atMs: nowMs }
    buckets.set(key, bucket)
    bucket.tokens = Math.min(bucket.tokens + ((nowMs - bucket.atMs) / 1_000) * perSec, perSec)
    bucket.atMs = nowMs
    if (bucket.tokens < Math.min(tokens, perSec)) return false
    bucket.tokens -= tokens
    return true
  }
  return {
    quotas: () => current,
    set(quotas) {
      current = quotas
      buckets.clear()
    },
    takeRequest(action, place) {
      const service = `${action.split(':')[0]}:*`
      const region = place.split(' ').at(-1) ?? ''
      const name = [`${action} ${region}`, action, service].find((each) => current?.[each] !== undefined)
      if (name === undefined || take(`${name} ${place}`, current?.[name] ?? 0, 1)) return
      throw new AwsError(action.startsWith('lambda:') ? 'throttledLambda' : 'throttled', 'Rate exceeded')
    },
    takeDatapoints(place, datapoints, ageMs) {
      if (current?.['cloudwatch:GetMetricData'] === undefined) return
      const perSec = ageMs <= RECENT_MS ? RECENT_DATAPOINTS : OLDER_DATAPOINTS
      if (take(`datapoints ${perSec} ${place}`, perSec, datapoints)) return
      throw new AwsError('throttled', 'Rate exceeded')
    },
  }
}
