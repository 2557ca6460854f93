/** `npm run bench -- NAME [options] [--json]`: measures, never asserts. */
import { measureCollect } from './collect.ts'
import { measureLineProtocol } from './line-protocol.ts'
import { type BenchResult, printResult } from './report.ts'

const BENCHES: Readonly<Record<string, (args: readonly string[]) => Promise<BenchResult>>> = {
  'line-protocol': measureLineProtocol,
  collect: measureCollect,
}

const [name = '', ...args] = process.argv.slice(2)
const measure = BENCHES[name]
if (measure === undefined) {
  console.error(
    `bench: expected one of ${Object.keys(BENCHES).join(', ')}, got ${name === '' ? 'nothing' : name}.`,
  )
  process.exitCode = 2
} else {
  const rest = args.filter((arg) => arg !== '--json')
  printResult(await measure(rest), { json: args.includes('--json') })
}
