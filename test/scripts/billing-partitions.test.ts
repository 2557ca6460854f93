import { describe, expect, it } from 'vitest'
import { HOUR_MS } from '../../core/time.ts'
import { openBilling } from '../../scripts/guance_aws_billing/billing-run.ts'
import { MONTH_START_MS, openPlay, problemsOf } from './billing-fixture.ts'

const NINE_MS = MONTH_START_MS + 9 * HOUR_MS

describe('the bill', () => {
  it('of GovCloud is elsewhere, and the run says where', async () => {
    const play = await openPlay({})
    const session = { ...play.aws.session, partition: 'aws-us-gov' }
    const run = play.runAt(NINE_MS, { session })
    await expect(play.script.run(run)).rejects.toThrow(/billed through the commercial account/)
    expect(play.store.state.size).toBe(0)
  })

  it.each([
    { region: 'eu-west-1', home: 'us-east-1', currency: 'USD' },
    { region: 'cn-north-1', home: 'cn-northwest-1', currency: 'CNY' },
    { region: 'eusc-de-east-1', home: 'eusc-de-east-1', currency: 'EUR' },
  ] as const)(
    'of $region is asked for in $home, in $currency, its functions too',
    async ({ region, home, currency }) => {
      const functions = { regions: [region] }
      const play = await openPlay({ resources: true }, { functions }, { regions: [region], functions: 3 })
      const run = await play.tick(NINE_MS)
      expect(problemsOf(run)).toEqual([])
      expect(new Set(play.store.points.map(({ tags }) => tags['currency']))).toEqual(new Set([currency]))
      expect(play.store.points.every(({ fields }) => String(fields['message']).endsWith(currency))).toBe(true)
      expect(new Set(run.usage.map((one) => one.region))).toEqual(new Set([home]))
      const { partition } = play.aws.session
      const named = play.lines('function').filter(({ tags }) => tags['FunctionName'] !== undefined)
      expect(new Set(named.map(({ tags }) => tags['RegionId']))).toEqual(new Set([region]))
      expect(named.every(({ tags }) => tags['instance_id']?.startsWith(`arn:${partition}:lambda:`))).toBe(
        true,
      )
      const plan = await play.script.plan?.(play.runAt(NINE_MS), { intervalMs: HOUR_MS })
      expect(new Set(plan?.requests.map((one) => one.region))).toEqual(new Set([home]))
    },
  )

  it.each([
    { region: 'us-east-1', host: 'ce.us-east-1.amazonaws.com' },
    { region: 'cn-northwest-1', host: 'ce.cn-northwest-1.amazonaws.com.cn' },
    { region: 'eusc-de-east-1', host: 'ce.eusc-de-east-1.api.amazonwebservices.eu' },
  ])('of a partition whose home is $region comes from $host', async ({ region, host }) => {
    const play = await openPlay({})
    const { account } = await openBilling(
      play.runAt(NINE_MS),
      {},
      {
        configs: {},
        backoff: undefined,
      },
    )
    const client = await account.region(region).costExplorer()
    const { url, properties } = client.config.endpointProvider({ Region: region })
    expect(url.host).toBe(host)
    expect(properties?.['authSchemes']).toEqual([{ name: 'sigv4', signingRegion: region }])
  })
})
