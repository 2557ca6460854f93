import { parseArgs } from 'node:util'
import type { Counters } from '../simulator/counters.ts'
import { openSimulatedHome } from '../tools/simulated-home.ts'
import { countIdeal } from './ideal.ts'
import type { BenchResult } from './report.ts'

function parseOptions(args: readonly string[]) {
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
  return values
}

/** One first poll (three hours of minutes) of a fleet through the whole host, delivery included. */
export async function measureCollect(args: readonly string[]): Promise<BenchResult> {
  const { functions, regions, active } = parseOptions(args)
  const home = await openSimulatedHome({
    simulatorArgs: ['--latency', '0', '--functions', functions, '--regions', regions, '--active', active],
    sink: { rewrite: 'unknown', mergesFields: false },
    parameters: { policy: 'everything' },
  })
  try {
    const { record, backlog, wallMs } = await home.pollNow()
    if (record.status !== 'success' || record.resources === null)
      throw new Error(`the task ended in ${record.status}: ${record.exceptionText}`)
    const counters = await home.control<Counters>('counters')
    return {
      name: 'collect',
      figures: {
        requests: Object.values(counters.requests).reduce((sum, count) => sum + count, 0),
        billedMetrics: counters.billedMetrics,
        // Asked after the counters were read, so that it does not count itself.
        idealBilledMetrics: await countIdeal(home.simulator.info),
        wallSeconds: wallMs / 1000,
        cpuSeconds: record.resources.cpuMs / 1000,
        peakRssMB: record.resources.peakRssBytes / 1e6,
      },
      notes: [
        `${functions} functions in ${regions} regions, ${active} active, three hours of minutes`,
        `${Object.entries(record.points)
          .map(([category, count]) => `${count} ${category}`)
          .join(', ')} points; ${backlog.waitingBatches} batches left waiting`,
        'wall includes delivery; CPU and RSS are the task process',
      ],
    }
  } finally {
    await home.close()
  }
}
