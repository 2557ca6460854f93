import { describe, expect, it } from 'vitest'
import { closestName } from '../../core/closest.ts'

describe('closestName', () => {
  const metrics = ['Invocations', 'Errors', 'Duration', 'ProvisionedConcurrencyInvocations']

  it('finds the name a typo meant, whatever its case', () => {
    expect(closestName('invocatons', metrics)).toBe('Invocations')
    expect(closestName('Erors', metrics)).toBe('Errors')
  })

  it('finds the name that a beginning belongs to', () => {
    expect(closestName('Provisioned', metrics)).toBe('ProvisionedConcurrencyInvocations')
  })

  it('suggests nothing when nothing is near', () => {
    expect(closestName('Latency', metrics)).toBeUndefined()
    expect(closestName('', metrics)).toBeUndefined()
  })

  it('does not spend an age on a text that is no name', () => {
    const startMs = performance.now()
    expect(closestName('Errors'.repeat(1_000_000), metrics)).toBeUndefined()
    expect(performance.now() - startMs).toBeLessThan(5_000)
  })
})
