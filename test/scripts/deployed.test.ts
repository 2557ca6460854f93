import { readFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Json, Problem } from '../../core/dff.ts'
import { renderTemplate } from '../../runner/deploy/template.ts'
import type { RequestBody, ReplyValue } from '../../runner/task/ipc.ts'
import { runChild } from '../../runner/task/run-child.ts'
import { type Aws, FIRST_TRIGGER_MS, startAws } from './aws-fixture.ts'

const SCRIPTS = fileURLToPath(new URL('../../scripts/', import.meta.url))
const SETS = ['guance_integration', 'guance_aws_cloudwatch', 'guance_aws_lambda']

let aws: Aws
let home: string

beforeAll(async () => {
  aws = await startAws({ functions: 24, regions: ['us-east-1'] })
  home = await mkdtemp(join(tmpdir(), 'dff-sets-'))
  for (const id of SETS) await cp(join(SCRIPTS, id), join(home, '.dff', 'sets', id), { recursive: true })
  await mkdir(join(home, 'startup'))
})

afterAll(async () => {
  await aws.close()
  await rm(home, { recursive: true, force: true })
})

async function deploy(values: Readonly<Record<string, string | readonly string[]>>): Promise<string> {
  const path = join(home, 'startup', 'guance_aws_lambda.ts')
  const text = renderTemplate({
    place: 'startup.ts.template',
    text: readFileSync(join(SCRIPTS, 'guance_aws_lambda', 'startup.ts.template'), 'utf8'),
    known: [
      'ak_id',
      'ak_secret',
      'assume_role_arn',
      'external_id',
      'account_name',
      'regions',
      'policy',
      'critical',
      'connector',
    ],
    values,
    secrets: values['ak_id'] === undefined ? {} : { ak_secret: 'guance_aws_lambda.ak_secret' },
  })
  await writeFile(path, text)
  return text
}

/** Runs the deployed script in a task process, as the host does. */
async function runDeployed(exportName = 'run') {
  const commits: Extract<RequestBody, { kind: 'commit' }>[] = []
  const state = new Map<string, Json>()
  const problems: Problem[] = []
  const asked: RequestBody[] = []
  const answer = (body: RequestBody): ReplyValue => {
    asked.push(body)
    if (body.kind === 'credentials') return aws.session
    if (body.kind === 'load') return state.get(body.key)
    commits.push(body)
    for (const [key, value] of Object.entries(body.state)) state.set(key, value)
    return undefined
  }
  const outcome = await runChild({
    start: {
      mode: 'run',
      taskId: 'task-1',
      scriptId: 'startup__guance_aws_lambda',
      scriptPath: join(home, 'startup', 'guance_aws_lambda.ts'),
      exportName,
      triggerTimeMs: FIRST_TRIGGER_MS,
      isDebug: false,
      concurrency: 5,
      sinks: { default: { rewrite: 'unknown', mergesFields: false } },
      backfill: null,
      question: null,
      intervalMs: null,
      sets: Object.fromEntries(SETS.map((id) => [id, join(home, '.dff', 'sets', id)])),
    },
    signal: new AbortController().signal,
    secretsInUse: () => [],
    onRequest: async (body) => answer(body),
    onProblem: (problem) => problems.push(problem),
    onUsage: () => undefined,
    onLines: () => undefined,
  })
  const points = commits.flatMap(({ batches }) =>
    batches.map((batch) => [batch.category, batch.points] as const),
  )
  return { outcome, problems, points, asked }
}

describe('the deployed Startup script', () => {
  it('collects objects and metrics in a task process that may read nothing but its code', async () => {
    await deploy({ ak_id: 'AKIAIOSFODNN7EXAMPLE', account_name: 'AWS_Lambda', regions: ['us-east-1'] })
    const { outcome, problems, points, asked } = await runDeployed()
    expect(problems).toEqual([])
    expect(outcome).toMatchObject({ kind: 'done' })
    expect(points[0]).toEqual(['custom_object', 24])
    const metrics = points.filter(([category]) => category === 'metric')
    expect(metrics.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(1_000)
    expect(asked.find(({ kind }) => kind === 'credentials')).toMatchObject({
      account: {
        ak_secret: { $secret: 'guance_aws_lambda.ak_secret' },
        extra_tags: { account_name: 'AWS_Lambda' },
      },
    })
  })

  it('loses the lines of parameters that were left out', async () => {
    const text = await deploy({ regions: ['us-east-1', 'eu-west-1'] })
    expect(text).toContain("\n  regions: ['us-east-1', 'eu-west-1'],\n")
    expect(text).not.toMatch(
      /ak_id|ak_secret|external_id|assume_role_arn|account_name|policy|critical|Critical|\{\{/,
    )
  })

  it('has a function of its own for critical functions, where some are named', async () => {
    const text = await deploy({ regions: ['us-east-1'], critical: ['*'] })
    expect(text).toContain("\n  critical: { functions: ['*'] },\n")
    expect(text).toContain("{ fixedCronExpr: '* * * * *', timeout: 600, ...destination }")
    const { outcome, problems, points } = await runDeployed('runCritical')
    expect(problems).toEqual([])
    expect(outcome).toMatchObject({ kind: 'done' })
    expect(points.every(([category]) => category === 'metric')).toBe(true)
    expect(points.length).toBeGreaterThan(0)
  })

  it('sends what is critical to the connector that it was deployed with, as all the rest', async () => {
    const text = await deploy({ regions: ['us-east-1'], critical: ['*'], connector: 'default' })
    expect(text).toContain("const destination = {\n  connector: 'default',\n}")
    expect(text.match(/\.\.\.destination \}/g)).toHaveLength(2)
  })

  it('names the wrong parameter when it loads', async () => {
    await deploy({ regions: ['us-esat-1'] })
    const { outcome } = await runDeployed()
    expect(JSON.stringify(outcome)).toContain('Did you mean us-east-1?')
  })
})
