import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import type { DemoReport } from '../../../runner/cli/demo-report.ts'
import { PACKAGE_ROOT } from '../../../runner/package.ts'

type Demo = ChildProcessByStdio<null, Readable, Readable>

/** A whole demo starts a simulator and a dozen commands, each a process, beside the other tests. */
const DEMO_WAIT_MS = 120_000

function startDemo(...words: readonly string[]): Demo {
  const args = [join(PACKAGE_ROOT, 'bin', 'dff.cjs'), 'demo', ...words]
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Where the simulator listened and where the home was, as the demo says at its beginning. */
function readPlaces(output: string): { readonly url: string; readonly home: string } {
  const [, url = ''] = /Simulator at (\S+):/.exec(output) ?? []
  const [, home = ''] = /^Home (\S+)$/m.exec(output) ?? []
  return { url, home }
}

async function expectNothingLeft(output: string): Promise<void> {
  const { url, home } = readPlaces(output)
  expect(home).toContain('dff-demo-')
  expect(existsSync(home)).toBe(false)
  await expect(fetch(url)).rejects.toThrow('fetch failed')
}

describe('dff demo', () => {
  it(
    'delivers everything that was expected, prints one document and leaves nothing behind',
    async () => {
      const demo = startDemo('--functions', '24', '--regions', '2', '--json')
      const closed = once(demo, 'close')
      const [stdout, stderr] = await Promise.all([text(demo.stdout), text(demo.stderr)])
      expect({ ended: await closed, stderr }).toMatchObject({ ended: [0, null] })
      const report = JSON.parse(stdout) as DemoReport
      expect(report).toMatchObject({
        tasks: [{ status: 'success' }],
        functions: 24,
        regions: ['us-east-1', 'eu-west-1'],
        accounts: ['123456789012'],
        points: { custom_object: 24 },
        truth: { missing: 0, wrong: 0, extra: 0 },
      })
      expect(report.truth.expected).toBeGreaterThan(report.points.metric)
      expect(report.metrics).toContain('Invocations')
      expect(report.aws.requests['cloudwatch:GetMetricData']).toBeGreaterThan(0)
      expect(stderr).toContain('$ dff verify guance_aws_lambda')
      await expectNothingLeft(stderr)
    },
    DEMO_WAIT_MS,
  )

  it(
    'that is interrupted ends what it started and removes its home',
    async () => {
      const demo = startDemo('--functions', '4', '--regions', '1')
      const complaint = text(demo.stderr)
      let output = ''
      const installing = new Promise<void>((resolve) => {
        demo.stdout.setEncoding('utf8').on('data', (part: string) => {
          output += part
          if (output.includes('$ dff install')) resolve()
        })
      })
      await Promise.race([installing, once(demo, 'close')])
      demo.kill('SIGINT')
      const [code] = (await once(demo, 'close')) as [number | null]
      expect(code).toBe(1)
      expect(await complaint).toMatch(/^error dff demo: .*an interrupt.*\n$/)
      await expectNothingLeft(output)
    },
    DEMO_WAIT_MS,
  )
})
