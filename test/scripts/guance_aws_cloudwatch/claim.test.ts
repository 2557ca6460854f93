import { describe, expect, it } from 'vitest'
import { claimPlace } from '../../../scripts/guance_aws_cloudwatch/claim.ts'
import { makeRun, makeStore, SESSION } from '../run-context.ts'

const PLACE = { scope: '123456789012/us-east-1', namespace: 'AWS/Lambda' }

describe('a namespace of a region', () => {
  it('is collected by one collector of a run, and a second is told what to do', () => {
    const run = makeRun(makeStore(), { triggerTimeMs: 0, session: SESSION })
    claimPlace(run, PLACE)
    claimPlace(run, { ...PLACE, namespace: 'AWS/SQS' })
    claimPlace(run, { ...PLACE, scope: '123456789012/eu-west-1' })
    expect(() => claimPlace(run, PLACE)).toThrow(
      'Runner: expected one CloudwatchCollector for each account, region and namespace, got a second one for 123456789012/us-east-1/AWS/Lambda',
    )
    claimPlace(makeRun(makeStore(), { triggerTimeMs: 0, session: SESSION }), PLACE)
  })
})
