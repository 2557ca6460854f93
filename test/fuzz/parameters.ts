/** Whatever a Startup script may put where parameters belong: it is not type-checked when it runs. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { makeApiFunction } from '../../core/api.ts'
import { DffError } from '../../core/error.ts'
import { validate } from '../../core/parameters.ts'
import { SCHEMAS } from '../../core/schemas.generated.ts'
import { mutate, type Mutation, mutation } from './nasty-json.ts'

type SchemaId = Parameters<typeof validate>[0]

const RIGHT: Readonly<Partial<Record<SchemaId, unknown>>> = {
  account: {
    ak_id: 'AKIAIOSFODNN7EXAMPLE',
    ak_secret: { $secret: 'guance_aws_lambda.ak_secret' },
    assume_role_arn: 'arn:aws:iam::123456789012:role/x',
    extra_tags: { account_name: 'a' },
  },
  'cloudwatch-configs': {
    regions: ['us-east-1', 'eu-west-1'],
    targets: [{ namespace: 'AWS/Lambda', metrics: ['NOT', 'Async*'], dimensions: ['FunctionName'] }],
    statistics: { Errors: ['Sum', 'p99'] },
    grains: 'all',
    object_tags: ['Runtime'],
  },
  'collector-configs': { regions: ['us-east-1'] },
  'api-options': { fixedCronExpr: '*/5 * * * *', timeout: 60, connector: 'default' },
  connector: { type: 'dataway', url: 'https://x.test', tokenSecret: 'a', rewrite: 'last' },
  'parameters/guance_aws_lambda': { regions: ['us-east-1'], account_name: 'a' },
}

/** What only code can make: objects that hold themselves, answer with exceptions, or are no plain ones. Made when used: fast-check prints what it is given. */
const LIVING = {
  loop: () => {
    const loop: { self?: unknown } = {}
    loop.self = loop
    return loop
  },
  proxy: () => new Proxy({}, { ownKeys: () => ['a'], get: fail }),
  'proxy of a list': () => new Proxy([], { get: fail }),
  getter: () => Object.defineProperty({}, 'regions', { enumerable: true, get: fail }),
  'throwing toJSON': () => ({ toJSON: fail, regions: 1n }),
  'no prototype': () => Object.create(null) as unknown,
  function: () => () => 1,
  symbol: () => Symbol('x'),
  'big number': () => 10n,
  'no date': () => new Date(Number.NaN),
  map: () => new Map([[{}, []]]),
  'empty list of a million': () => Array.from({ length: 1_000_000 }),
  'sparse list': () => Object.assign([], { length: 4_000_000_000 }),
  promise: () => Promise.resolve(1),
} as const satisfies Record<string, () => unknown>

function fail(): never {
  throw new RangeError('looked at')
}

const living = fc.constantFrom(...(Object.keys(LIVING) as (keyof typeof LIVING)[]))

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
})

const schemaId = fc.constantFrom(...(Object.keys(RIGHT) as SchemaId[]))

/** How a value is made; `key` undefined stands for the whole of it. */
type Build =
  | { readonly kind: 'mutated'; readonly change: Mutation }
  | { readonly kind: 'any'; readonly value: unknown }
  | { readonly kind: 'living'; readonly name: keyof typeof LIVING; readonly key: string | undefined }

const build: fc.Arbitrary<Build> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('mutated' as const), change: mutation }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('any' as const), value: anything }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('living' as const),
      name: living,
      key: fc.option(fc.constantFrom('regions', 'targets', 'extra_tags', 'url', 'connector', 'x'), {
        nil: undefined,
      }),
    }),
  },
)

function make(id: SchemaId, how: Build): unknown {
  if (how.kind === 'mutated') return mutate(RIGHT[id], how.change)
  if (how.kind === 'any') return how.value
  const value: unknown = LIVING[how.name]()
  return how.key === undefined ? value : { ...(RIGHT[id] as object), [how.key]: value }
}

function expectNamed(act: () => unknown): void {
  try {
    act()
  } catch (error) {
    expect(error).toBeInstanceOf(DffError)
    const { code, message } = error as DffError
    expect(code).toBe('BAD_PARAMETER')
    expect(message.length).toBeLessThan(3_000)
  }
}

/** Each value is taken whole or refused by name. */
export function fuzzParameters(runs: number): void {
  for (const [id, value] of Object.entries(RIGHT)) {
    expect(SCHEMAS[id]).toBeDefined()
    expect(validate(id as SchemaId, value, id)).toBe(value)
  }
  fc.assert(
    fc.property(schemaId, build, (id, how) => {
      const value = make(id, how)
      expectNamed(() => validate(id, value, id))
      // The options of DFF.API come from the same hands; a title may be anything.
      expectNamed(() => makeApiFunction('T', value as object, async () => undefined))
      expect(Object.keys(Object.prototype)).toEqual([])
    }),
    { numRuns: runs },
  )
}
