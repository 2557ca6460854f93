import { describe, expect, it } from 'vitest'
import type { LaneRow } from '../../../runner/host-report.ts'
import { expectGolden } from '../../golden.ts'
import { makeWorld } from './double.ts'
import { LANE, NOW_MS } from './sample.ts'
import { goldenFile, runScene } from './scene.ts'

describe('dff status', () => {
  it('shows each connector and what somebody should do something about', async () => {
    const datakit = { type: 'datakit', url: 'http://10.0.0.7:9529' } as const
    const staging: LaneRow = {
      ...LANE,
      connectorId: 'staging',
      config: datakit,
      waitingBatches: 40,
      waitingPoints: 80_000,
      waitingBytes: 1_030_000_000,
      oldestWaitingMs: NOW_MS - 86_400_000,
      pressure: 'paused',
      delivery: 'stopped',
      lastError: '403 datakit.invalidToken: invalid token',
    }
    const gone: LaneRow = {
      ...LANE,
      connectorId: 'gone',
      config: null,
      pressure: 'high',
      deadBytes: 900_000_000,
    }
    const world = Object.assign(makeWorld(), { lanes: [LANE, gone, staging] })
    const { code, stdout } = await runScene(['status', '--home', '/home/demo'], { world })
    expect(code).toBe(0)
    expectGolden(stdout, goldenFile('status-lanes'))
  })
})
