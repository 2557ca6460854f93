/** Drives one folder of test/cases: AWS as its aws.json says, the real collectors, the real SDK over HTTP. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, onTestFinished } from 'vitest'
import type { Account, Category, CloudwatchConfigs, CollectorConfigs, Point } from '../../core/dff.ts'
import { encodeLine } from '../../runner/line-protocol/encode.ts'
import { CloudwatchCollector } from '../../scripts/guance_aws_cloudwatch/main.ts'
import { LambdaCollector } from '../../scripts/guance_aws_lambda/main.ts'
import { Runner, SINGLE_ATTEMPT } from '../../scripts/guance_integration/main.ts'
import { answerCall, type CaseAws, keyOf } from './golden-aws.ts'
import { makeRun, makeStore, SESSION } from './run-context.ts'
import { startScriptedCloudwatch } from './scripted-cloudwatch.ts'

const CASES = new URL('../cases/', import.meta.url)

/** parameters.json: what a Startup script passes on. */
interface CaseParameters {
  readonly account: Account
  readonly collectorConfigs: CollectorConfigs
  readonly cloudwatchConfigs?: CloudwatchConfigs
}

/** Slices come by hash and regions by chance; a person reads by series and then by time. */
function toLines(points: readonly Point[]): string {
  const lines = points.map((point) => {
    const line = encodeLine(point)
    if (line === undefined) throw new Error(`cannot be written: ${JSON.stringify(point)}`)
    return { line, key: `${keyOf(point.measurement, point.tags)} ${point.timeMs}` }
  })
  return lines
    .toSorted((left, right) => (left.key < right.key ? -1 : 1))
    .map(({ line }) => `${line}\n`)
    .join('')
}

/** Folders of a kind of case, each a title. */
export function listCases(kind: 'metrics' | 'objects'): readonly string[] {
  return readdirSync(new URL(`${kind}/`, CASES)).toSorted()
}

export function caseFile(path: string): URL {
  return new URL(path, CASES)
}

export function readCase(path: string): string {
  return readFileSync(caseFile(path), 'utf8')
}

/** Runs the collectors of a case once at `now` against its AWS; the lines of the category, and nothing else may have been wrong. */
export async function runCase(folder: string, now: string, category: Category): Promise<string> {
  const aws = JSON.parse(readCase(`${folder}/aws.json`)) as CaseAws
  const parameters = JSON.parse(readCase(`${folder}/parameters.json`)) as CaseParameters
  const { account, collectorConfigs, cloudwatchConfigs } = parameters
  const server = await startScriptedCloudwatch((call) => answerCall(aws, call, now.slice(0, 10)))
  onTestFinished(async () => server.close())
  const { accountId, partition } = aws
  const store = makeStore()
  const run = makeRun(store, {
    triggerTimeMs: Date.parse(now),
    session: { ...SESSION, accountId, partition, arn: `arn:${partition}:iam::${accountId}:user/collector` },
  })
  const objects = LambdaCollector(account, collectorConfigs, { backoff: SINGLE_ATTEMPT })
  const metrics =
    cloudwatchConfigs === undefined ? [] : [CloudwatchCollector(account, cloudwatchConfigs, SINGLE_ATTEMPT)]
  await Runner([objects, ...metrics]).run(run)
  expect(run.problems).toEqual([])
  return toLines(store.points.filter((point) => point.category === category))
}
