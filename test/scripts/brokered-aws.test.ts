import { expect, it } from 'vitest'
import { startBrokeredAws } from './brokered-aws.ts'

const before = process.env['AWS_ENDPOINT_URL']

it('a brokered AWS stands in for the real one while its test lasts', async () => {
  const { simulator } = await startBrokeredAws({ functions: 1 })
  expect(process.env['AWS_ENDPOINT_URL']).toBe(simulator.url)
})

it('and no longer: what comes after it asks nobody who is gone', () => {
  expect(process.env['AWS_ENDPOINT_URL']).toBe(before)
})
