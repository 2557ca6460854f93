import { describe, expect, it } from 'vitest'
import { expectGolden } from '../../golden.ts'
import { makeWorld } from './double.ts'
import { RECORD } from './sample.ts'
import { goldenFile, runScene } from './scene.ts'

describe('the output', () => {
  it('of a status while all triggers are paused says so', async () => {
    const world = makeWorld()
    await runScene(['trigger', 'pause', '--all'], { world })
    const { code, stdout } = await runScene(['status', '--home', '/home/demo'], { world })
    expectGolden(stdout, goldenFile('status-paused'))
    expect(code).toBe(0)
  })

  it.each([
    [11, 'Missed     ticks that went by before this one: 11; this task stands for them'],
    [1_000, 'Missed     ticks that went by before this one: 1,000 or more; this task stands for them'],
  ])('of a task that stands for %i missed ticks says so', async (missedTicks, line) => {
    const world = makeWorld()
    world.record = { ...RECORD, missedTicks }
    const { stdout } = await runScene(['task', 'show', 'task-01'], { world })
    expect(stdout.split('\n')).toContain(line)
  })
})
