import { describe, expect, it } from 'vitest'
import { makeWorld } from './double.ts'
import { runScene } from './scene.ts'

describe('a signal', () => {
  it('says that an interrupted exec was ended when this process owns the home, and goes on elsewhere', async () => {
    const never = new Promise<void>(() => undefined)
    const results = []
    for (const pid of [process.pid, 4242]) {
      const world = Object.assign(makeWorld(), { pid, running: never })
      const onListening = (interrupt: () => void): void => queueMicrotask(interrupt)
      results.push(await runScene(['exec', 'guance_aws_lambda'], { world, onListening }))
    }
    expect(results.map(({ code, world }) => [code, world.closed])).toEqual([
      [1, 1],
      [1, 1],
    ])
    expect(results[0]?.stderr).toContain('the task was ended')
    expect(results[1]?.stderr).toContain('pid 4242')
  })

  it('drains at the first signal of dff start and says so', async () => {
    const { code, stderr, stdout } = await runScene(['start'], {
      onListening: (interrupt) => queueMicrotask(interrupt),
      startHost: async (_home, { signal }) =>
        new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
    })
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Stopped.\n' })
    expect(stderr).toContain('Stopping')
  })
})
