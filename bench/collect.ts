import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CloudWatchClient, type Metric, paginateListMetrics } from '@aws-sdk/client-cloudwatch'
import type { ExecResult, HostMethods, MethodName } from '../runner/host-api.ts'
import { openClient } from '../runner/client.ts'
import { isHomeGrain, PROMISED } from '../simulator/control/promise.ts'
import {
  type SimulatorInfo,
  type SimulatorProcess,
  startSimulatorProcess,
} from '../tools/simulator-process.ts'
import type { BenchResult } from './report.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

interface Counters {
  readonly requests: Readonly<Record<string, number>>
  readonly billedMetrics: number
}

/**
 * Σ⌈S/5⌉ over exactly the series that the default configuration promises, as AWS lists them: none has more than five
 * statistics. Asked after the counters were read, so that it does not count itself.
 */
async function countIdeal({ url, regions, accounts }: SimulatorInfo): Promise<number> {
  let count = 0
  for (const credentials of accounts) {
    for (const region of regions) {
      const client = new CloudWatchClient({ endpoint: url, region, credentials })
      // One region after the other: a bench has time, and the order does not matter.
      for await (const page of paginateListMetrics({ client }, { Namespace: 'AWS/Lambda' })) {
        count += (page.Metrics ?? []).filter(isPromised).length
      }
      client.destroy()
    }
  }
  return count
}

function isPromised({ MetricName = '', Dimensions = [] }: Metric): boolean {
  const names = Dimensions.flatMap(({ Name }) => Name ?? [])
  return Object.hasOwn(PROMISED, MetricName) && isHomeGrain(MetricName, names)
}

async function collectOnce(
  home: string,
  { info, key }: SimulatorProcess,
): Promise<{ readonly result: ExecResult; readonly wallSeconds: number }> {
  process.env['AWS_ENDPOINT_URL'] = info.url
  const client = await openClient(home, { command: 'bench collect' })
  const call = <Name extends MethodName>(
    name: Name,
    input: HostMethods[Name]['input'],
  ): Promise<HostMethods[Name]['output']> => client.call(name, input)
  try {
    await call('connector.set', {
      id: 'default',
      config: { type: 'datakit', url: info.datakitUrl },
      token: null,
    })
    const parameters = { ak_id: key.accessKeyId, ak_secret: key.secretAccessKey, regions: [...info.regions] }
    await call('install', { setId: 'guance_aws_lambda', parameters, force: false })
    await call('deploy', { setId: 'guance_aws_lambda', force: false })
    const startedMs = performance.now()
    const result = await call('exec', { target: 'guance_aws_lambda', atMs: null, debug: false })
    return { result, wallSeconds: (performance.now() - startedMs) / 1000 }
  } finally {
    await client.close()
  }
}

/** One first poll (three hours of minutes) of a fleet through the whole host, delivery included. */
export async function measureCollect(args: readonly string[]): Promise<BenchResult> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      functions: { type: 'string', default: '1000' },
      regions: { type: 'string', default: '2' },
      active: { type: 'string', default: '0.3' },
    },
  })
  for (const [name, value] of Object.entries(values)) {
    if (!(Number(value) > 0)) throw new Error(`--${name}: expected a number above 0, got ${value}`)
  }
  const home = mkdtempSync(join(tmpdir(), 'bench-collect-'))
  const simulator = await startSimulatorProcess(`${root}simulator/main.ts`, [
    '--latency',
    '0',
    '--functions',
    values.functions,
    '--regions',
    values.regions,
    '--active',
    values.active,
  ])
  const { info } = simulator
  try {
    const { result, wallSeconds } = await collectOnce(home, simulator)
    const { record, backlog } = result
    if (record.status !== 'success' || record.resources === null)
      throw new Error(`the task ended in ${record.status}: ${record.exceptionText}`)
    const counters = (await (await fetch(`${info.url}/control/counters`)).json()) as Counters
    return {
      name: 'collect',
      figures: {
        requests: Object.values(counters.requests).reduce((sum, count) => sum + count, 0),
        billedMetrics: counters.billedMetrics,
        idealBilledMetrics: await countIdeal(info),
        wallSeconds,
        cpuSeconds: record.resources.cpuMs / 1000,
        peakRssMB: record.resources.peakRssBytes / 1e6,
      },
      notes: [
        `${values.functions} functions in ${values.regions} regions, ${values.active} active, three hours of minutes`,
        `${Object.entries(record.points)
          .map(([category, count]) => `${count} ${category}`)
          .join(', ')} points; ${backlog.waitingBatches} batches left waiting`,
        'wall includes delivery; CPU and RSS are the task process',
      ],
    }
  } finally {
    await simulator.stop()
    rmSync(home, { recursive: true, force: true })
  }
}
