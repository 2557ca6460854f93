/** What an AWS that is broken, or something in its place, may answer; shared by the quick test and the long one. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { type AccountSession, DffError } from '../../core/dff.ts'
import { encodeBatches } from '../../runner/outbox/encode-batch.ts'
import { deployedScript, FIRST_TRIGGER_MS, NO_WAIT } from '../scripts/aws-fixture.ts'
import { makeRun, makeStore } from '../scripts/run-context.ts'
import { answerAs, lambda } from '../scripts/scripted-aws.ts'
import {
  type AskedCall,
  type ScriptedReply,
  startScriptedCloudwatch,
} from '../scripts/scripted-cloudwatch.ts'
import { mutate, type Mutation, mutation, nastyJson, nastyText } from './nasty-json.ts'

const SESSION: AccountSession = {
  accountId: '123456789012',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'secret',
  partition: 'aws',
  arn: 'arn:aws:iam::123456789012:user/collector',
}

/** Region problems name a cause that is known; `internal` would be a fault of ours that shows. */
const KNOWN_CODES: readonly string[] = [
  'throttled',
  'forbidden',
  'credentials',
  'region-not-enabled',
  'transient',
  'invalid',
]

const FUNCTIONS = {
  Functions: [
    {
      FunctionName: 'checkout',
      FunctionArn: 'arn:aws:lambda:us-east-1:123456789012:function:checkout',
      Runtime: 'nodejs22.x',
      Role: 'arn:aws:iam::123456789012:role/x',
      Timeout: 30,
      Version: '$LATEST',
      LastModified: '2026-01-01T00:00:00.000+0000',
      PackageType: 'Zip',
      RevisionId: 'r',
    },
  ],
}

const MAPPINGS = {
  EventSourceMappings: [
    { UUID: 'u-1', FunctionArn: 'arn:aws:lambda:us-east-1:123456789012:function:checkout' },
  ],
}

const answerMetrics = answerAs({
  listed: [lambda('Invocations', 'checkout'), lambda('Errors', 'checkout'), lambda('Duration', 'checkout')],
  valueOf: () => 1,
})

function rightAnswer(call: AskedCall): ScriptedReply {
  if (call.target.includes('event-source-mappings')) return MAPPINGS
  return call.target.includes('functions') ? FUNCTIONS : answerMetrics(call)
}

type Fault =
  | { readonly kind: 'mutated'; readonly mutation: Mutation }
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly status: number; readonly body: string }
  | { readonly kind: 'error'; readonly status: number; readonly name: unknown; readonly message: unknown }
  | { readonly kind: 'cut'; readonly share: number }

/** A token of a next page where there should be none. */
const endless: fc.Arbitrary<Mutation> = fc.record({
  at: fc.constant(0),
  kind: fc.constant('add' as const),
  key: fc.constantFrom('NextToken', 'NextMarker'),
  value: fc.oneof(nastyJson, fc.constant('more')),
})

const fault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('mutated' as const), mutation }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('mutated' as const), mutation: endless }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('json' as const), value: nastyJson }) },
  fc.record({
    kind: fc.constant('text' as const),
    status: fc.constantFrom(200, 204, 301, 400, 403, 404, 429, 500, 503),
    body: fc.oneof(nastyText, fc.constantFrom('', '<html>proxy</html>', '{', '[1,', 'null', '"x"')),
  }),
  fc.record({
    kind: fc.constant('error' as const),
    status: fc.constantFrom(400, 403, 429, 500),
    name: fc.oneof(nastyJson, fc.constantFrom('ThrottlingException', 'AccessDeniedException', '__proto__')),
    message: nastyJson,
  }),
  fc.record({ kind: fc.constant('cut' as const), share: fc.double({ min: 0, max: 0.99, noNaN: true }) }),
)

function answerWith(one: Fault, call: AskedCall): ScriptedReply {
  const right = rightAnswer(call)
  switch (one.kind) {
    case 'mutated':
      return { status: 200, body: JSON.stringify(mutate(right, one.mutation)) ?? '' }
    case 'json':
      return { status: 200, body: JSON.stringify(one.value) ?? '' }
    case 'text':
      return { status: one.status, body: one.body }
    case 'error':
      return { status: one.status, body: JSON.stringify({ __type: one.name, message: one.message }) }
    case 'cut': {
      const body = JSON.stringify(right)
      return { status: 200, body: body.slice(0, Math.floor(body.length * one.share)) }
    }
    default:
      return one satisfies never
  }
}

/** Which of the calls are answered wrongly, and how; the others are answered as they should be. */
interface Scenario {
  readonly faults: readonly Fault[]
  readonly isWrong: readonly boolean[]
}

const scenario: fc.Arbitrary<Scenario> = fc.record({
  faults: fc.array(fault, { minLength: 1, maxLength: 4 }),
  isWrong: fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }),
})

async function runOnce({ faults, isWrong }: Scenario): Promise<void> {
  let calls = 0
  const server = await startScriptedCloudwatch((call) => {
    calls += 1
    const one = faults[calls % faults.length]
    return one !== undefined && isWrong[calls % isWrong.length] === true
      ? answerWith(one, call)
      : rightAnswer(call)
  })
  const store = makeStore()
  const run = makeRun(store, { triggerTimeMs: FIRST_TRIGGER_MS, session: SESSION })
  try {
    const ended = await deployedScript(['us-east-1'], { ...NO_WAIT, attempts: 2 })
      .run(run)
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
    if (ended !== undefined) expect(ended).toBeInstanceOf(DffError)
    expect(run.problems.filter(({ code }) => !KNOWN_CODES.includes(code))).toEqual([])
    // Whatever was believed can be written.
    expect(() => encodeBatches(store.points)).not.toThrow()
    expect(Object.keys(Object.prototype)).toEqual([])
  } finally {
    await server.close()
  }
}

/** Collects from an AWS that answers wrongly here and there; every failure has a name. */
export async function fuzzAwsReplies(runs: number, seed?: number): Promise<void> {
  await fc.assert(fc.asyncProperty(scenario, runOnce), {
    numRuns: runs,
    // One that waits without end is named with its seed, and not shrunk for hours.
    timeout: 120_000,
    endOnFailure: true,
    ...(seed === undefined ? {} : { seed }),
  })
}
