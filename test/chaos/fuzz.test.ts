/** The properties of the quick tests, for minutes instead of seconds. */
import { describe, expect, it } from 'vitest'
import { fuzzAwsReplies } from '../fuzz/aws-replies.ts'
import { fuzzDeliveryOrder } from '../fuzz/delivery-order.ts'
import { fuzzListings } from '../fuzz/listing.ts'
import { fuzzLogLines } from '../fuzz/log-lines.ts'
import { fuzzParameters } from '../fuzz/parameters.ts'
import { fuzzSinkReplies } from '../fuzz/sink-replies.ts'
import { fuzzStartupScripts } from '../fuzz/startup-scripts.ts'

describe('for minutes', () => {
  it('parameters are taken whole or refused by name', () => {
    expect(() => fuzzParameters(50_000)).not.toThrow()
  })

  it('listings are taken, or refused by name', async () => {
    await expect(fuzzListings(2_000)).resolves.toBeUndefined()
  })

  it('Startup scripts load, or say by name why not', async () => {
    await expect(fuzzStartupScripts(150)).resolves.toBeUndefined()
  })

  it('replies of a sink are results with a reason that may be shown', async () => {
    await expect(fuzzSinkReplies(5_000)).resolves.toBeUndefined()
  })

  it('nothing is lost and nothing overtakes, however the sink fails', async () => {
    await expect(fuzzDeliveryOrder(400)).resolves.toBeUndefined()
  })

  it('replies of AWS end in problems with a name', async () => {
    await expect(fuzzAwsReplies(150)).resolves.toBeUndefined()
  })

  it('log lines are read without an exception and without a wrong number', () => {
    expect(() => fuzzLogLines(200_000)).not.toThrow()
  })
})
