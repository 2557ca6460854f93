import { afterEach, describe, expect, inject, it } from 'vitest'
import { MINUTE_MS } from '../../core/time.ts'
import { openSimulatedHome, type SimulatedHome } from '../../tools/simulated-home.ts'

const START_MS = Date.parse('2026-06-01T00:00:00Z')
const POLLS = inject('length') === 'long' ? 100 : 12

let home: SimulatedHome | undefined

afterEach(async () => {
  await home?.close()
  home = undefined
})

describe('a home that polls in simulated time', () => {
  it('runs each poll in a process of its own to success', async () => {
    home = await openSimulatedHome({
      simulatorArgs: ['--functions', '20', '--latency', '0', '--now', new Date(START_MS).toISOString()],
      sink: { rewrite: 'last', mergesFields: false },
    })
    for (let poll = 0; poll < POLLS; poll += 1) {
      const { record } = await home.pollAt(START_MS + poll * 5 * MINUTE_MS)
      expect([record.status, record.exceptionText]).toEqual(['success', null])
    }
  })
})
