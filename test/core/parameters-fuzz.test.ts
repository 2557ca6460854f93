import { expect, it } from 'vitest'
import { fuzzParameters } from '../fuzz/parameters.ts'

it('takes parameters whole or refuses them by name, whatever they are', () => {
  expect(() => fuzzParameters(3_000)).not.toThrow()
})
