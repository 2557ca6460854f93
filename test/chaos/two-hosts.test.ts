import { afterEach, describe, expect, it } from 'vitest'
import { readExposition, valueOf } from '../runner/observe/read-exposition.ts'
import { ChaosHome } from './chaos-home.ts'
import { HostProcess, isRunning } from './host-process.ts'

let chaos: ChaosHome

afterEach(async () => {
  await chaos[Symbol.asyncDispose]()
})

describe('two hosts on one home', () => {
  it('the second is refused at once and told who holds it; after kill -9 of the first it starts within 5 s', async () => {
    chaos = await ChaosHome.open({
      functions: 10,
      regions: 1,
      seed: 3,
      host: { args: ['--metrics-port', '0'] },
    })
    await chaos.pollWell()
    const second = HostProcess.spawn(chaos.home.root, { endpointUrl: chaos.home.simulator.info.url })
    expect(await second.exited).toBe(3)
    const refusedSec = (performance.now() - second.spawnedMs) / 1000
    expect(refusedSec).toBeLessThan(5)
    expect(second.errors).toContain(`process ${chaos.host.pid}, \`dff start\``)
    // Nothing of the first was touched: it still answers, and collects.
    await chaos.pollWell()

    // In the middle of a task, which the next host must end before it runs one of its own.
    const { end } = await chaos.begin()
    const child = await chaos.untilChild()
    expect(isRunning(child)).toBe(true)
    const restartSec = await chaos.killHost()
    await expect(end).rejects.toThrow('ended')
    console.log(JSON.stringify({ refusedSec, restartSec }))
    expect(restartSec).toBeLessThan(5)
    expect(isRunning(child)).toBe(false)
    await chaos.pollWell()
    const { metricsUrl, activity } = await chaos.host.call('status', {})
    expect(activity.errors).toContainEqual({ source: 'task', kind: 'HostDied', count: 1 })
    const families = readExposition(await (await fetch(metricsUrl ?? '')).text())
    expect(valueOf(families, 'dff_task_exceptions_total', { type: 'HostDied' })).toBe(1)
    expect(valueOf(families, 'dff_calls_total', { api: 'cloudwatch:GetMetricData' })).toBeGreaterThan(0)
  })
})
