import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  allocate,
  type FunctionUsage,
  shareOut,
  UNALLOCATED,
} from '../../../scripts/guance_aws_billing/allocate.ts'
import { formatAmount, parseAmount, toNumber } from '../../../scripts/guance_aws_billing/amount.ts'

const total = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n })

function usage(arn: string, changes: Partial<FunctionUsage> = {}): FunctionUsage {
  return {
    arn,
    region: 'us-east-1',
    architecture: 'x86_64',
    invocations: 10,
    megabyteMs: 1_000,
    ...changes,
  }
}

describe('shares of an amount', () => {
  it('add up to it, whatever the weights, and none is more than a step from its part', () => {
    const weights = fc.array(fc.bigInt({ min: 1n, max: 10n ** 15n }), { minLength: 1, maxLength: 50 })
    fc.assert(
      fc.property(total, weights, (amount, given) => {
        const parts = shareOut(amount, given)
        const all = given.reduce((sum, weight) => sum + weight, 0n)
        expect(parts.reduce((sum, part) => sum + part, 0n)).toBe(amount)
        for (const [index, part] of parts.entries()) {
          const exact = (amount * (given[index] ?? 0n)) / all
          expect(part - exact).toBeLessThan(300n)
          expect(part - exact).toBeGreaterThan(-300n)
        }
      }),
    )
  })
})

describe('a day of Lambda', () => {
  it('goes to functions by requests or by memory and time, of the region and architecture that the usage type names', () => {
    const usages = [
      usage('a'),
      usage('b', { invocations: 30, megabyteMs: 0 }),
      usage('c', { architecture: 'arm64' }),
      usage('d', { region: 'eu-west-1' }),
    ]
    const of = (usageType: string): Record<string, string> =>
      Object.fromEntries(
        [...allocate([{ usageType, units: 4_000_000_000_000n }], usages, 'aws')].map(([arn, units]) => [
          arn,
          formatAmount(units),
        ]),
      )
    expect(of('Request')).toEqual({ a: '1', b: '3' })
    expect(of('USE1-Lambda-GB-Second')).toEqual({ a: '4' })
    expect(of('Lambda-GB-Second-ARM')).toEqual({ c: '4' })
    expect(of('EU-Lambda-GB-Second')).toEqual({ d: '4' })
    expect(of('EU-Lambda-GB-Second-ARM')).toEqual({ d: '4' })
    expect(of('XYZ9-Lambda-GB-Second')).toEqual({ a: '2', d: '2' })
    expect(of('APS3-Request')).toEqual({ [UNALLOCATED]: '4' })
  })

  it('of a partition without us-east-1 goes to all regions where the usage type names none', () => {
    const usages = [usage('a', { region: 'eusc-de-east-1' })]
    const lines = [{ usageType: 'Lambda-GB-Second', units: 4n }]
    expect([...allocate(lines, usages, 'aws-eusc')]).toEqual([['a', 4n]])
    expect([...allocate(lines, usages, 'aws')]).toEqual([[UNALLOCATED, 4n]])
  })

  it('is whole, whoever there is', () => {
    const usages = fc.array(
      fc.record({
        arn: fc.string({ minLength: 1 }),
        region: fc.constantFrom('us-east-1', 'eu-west-1'),
        architecture: fc.constantFrom('arm64' as const, 'x86_64' as const),
        invocations: fc.nat(),
        megabyteMs: fc.double({ min: 0, max: 1e14, noNaN: true }),
      }),
    )
    const lines = fc.array(
      fc.record({
        usageType: fc.constantFrom('Request', 'EU-Lambda-GB-Second', 'USE2-Request-ARM', 'DataTransfer', ''),
        units: total,
      }),
    )
    fc.assert(
      fc.property(lines, usages, (given, who) => {
        const shares = allocate(given, who, 'aws')
        expect([...shares.values()].reduce((sum, units) => sum + units, 0n)).toBe(
          given.reduce((sum, { units }) => sum + units, 0n),
        )
      }),
    )
  })
})

describe('money', () => {
  it('is read as AWS writes it, exactly', () => {
    expect(parseAmount('0.1')).toBe(100_000_000_000n)
    expect(parseAmount('-12.3456789012')).toBe(-12_345_678_901_200n)
    expect(parseAmount('1.5E-7')).toBe(150_000n)
    expect(parseAmount('3')).toBe(3_000_000_000_000n)
    expect(parseAmount('0.0000000000005')).toBe(1n)
    expect(['', 'abc', '1,5', 'NaN', '1e999'].map(parseAmount)).toEqual(Array(5).fill(undefined))
  })

  it('comes back as it was', () => {
    fc.assert(
      fc.property(total, (units) => {
        expect(parseAmount(formatAmount(units))).toBe(units)
        expect(Math.abs(toNumber(units) - Number(units) / 1e12)).toBeLessThan(1e-3)
      }),
    )
  })
})
