/** `npm run bench -- NAME [options] [--json]`: measures, never asserts. */
import { BILLING_USAGE, measureBilling } from './billing.ts'
import { measureCollect } from './collect.ts'
import { COST_USAGE, measureCost } from './cost.ts'
import { ENGINE_USAGE, measureEngine } from './engine.ts'
import { measureHost } from './host.ts'
import { INVENTORY_USAGE, measureInventory } from './inventory.ts'
import { measureLineProtocol } from './line-protocol.ts'
import { measureLogs } from './logs.ts'
import { type BenchResult, printResult } from './report.ts'

const BENCHES: Readonly<Record<string, (args: readonly string[]) => Promise<BenchResult>>> = {
  'line-protocol': measureLineProtocol,
  collect: measureCollect,
  engine: measureEngine,
  host: measureHost,
  cost: measureCost,
  inventory: measureInventory,
  billing: measureBilling,
  logs: measureLogs,
}

const USAGE = `Usage: npm run bench -- NAME [options] [--json]
  line-protocol
  collect [--functions 1000] [--regions 2] [--active 0.3]
  ${ENGINE_USAGE}
  host
  ${COST_USAGE}
  ${INVENTORY_USAGE}
  ${BILLING_USAGE}
  logs
`

async function main([name = '', ...args]: readonly string[]): Promise<void> {
  const measure = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined
  if (measure === undefined) {
    const isHelp = name === '--help' || name === '-h'
    const stream = isHelp ? process.stdout : process.stderr
    stream.write(
      isHelp
        ? USAGE
        : `bench: expected one of ${Object.keys(BENCHES).join(', ')}, got ${name || 'nothing'}.\n${USAGE}`,
    )
    process.exitCode = isHelp ? 0 : 2
    return
  }
  const options = args.filter((arg) => arg !== '--json')
  printResult(await measure(options), { json: args.includes('--json') })
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
})
