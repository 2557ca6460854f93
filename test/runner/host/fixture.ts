/** A market of two tiny sets in a temporary folder, a gate that holds tasks without sleeping, and homes to use them in. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { writeListing } from '../../../tools/gen-marketplace.ts'

const text = (en: string): { readonly en: string; readonly zh: string } => ({ en, zh: en })

const BASE_MAIN = `import type { Point } from 'guance-aws-lambda/dff'
export function makePoint(name: string, timeMs: number): Point {
  return { category: 'metric', measurement: 'demo', tags: { name }, fields: { value: 1 }, timeMs }
}
export function makeObject(name: string, timeMs: number): Point {
  return { category: 'custom_object', measurement: 'demo_object', tags: { name }, fields: { message: '{}' }, timeMs }
}
`

const SET_MAIN = `import { NO_COST, type Access, type Check, type CostPlan, type Expectation, type Explanation, type PlanQuestion, type Question, type RunContext, type Script } from 'guance-aws-lambda/dff'
import { makeObject, makePoint } from 'guance-aws-lambda/sets/demo_base'
export interface DemoOptions {
  readonly names: readonly string[]
  readonly gate?: string
  readonly label?: string
}
export function makeScript(options: DemoOptions): Script {
  return {
    async run(context: RunContext) {
      context.log('sink ' + JSON.stringify(context.sink) + ', backfill ' + JSON.stringify(context.backfill ?? null))
      context.log('label ' + (options.label ?? 'none') + ', debug ' + context.debug)
      const count = Number((await context.load('count')) ?? 0) + 1
      const points = options.names.flatMap((name) => [
        makeObject(name, context.triggerTimeMs),
        makePoint(name, context.triggerTimeMs),
      ])
      await context.commit({ points, state: { count } })
      context.log('committed ' + points.length + ' points, run ' + count)
      if (options.gate !== undefined) await (await fetch(options.gate, { signal: context.signal })).text()
      const place = { accountId: '123456789012', region: 'us-east-1' }
      context.predict({ api: 'demo', requests: 1, billedMetrics: 1, rule: 'everything', ...place })
      context.meter({ api: 'demo', requests: 2, billedMetrics: 1, ...place })
      if (options.label === 'fail') throw new Error('the demo was told to fail')
      return { count, triggerTimeMs: context.triggerTimeMs }
    },
    async expected(): Promise<Expectation> {
      return {
        objects: [{ measurement: 'demo_object', names: options.names, whenNone: 'No demo is known.' }],
        metrics: [{ measurement: 'demo', fields: ['value'] }],
      }
    },
    async plan(context: RunContext, { intervalMs }: PlanQuestion): Promise<CostPlan> {
      const place = { accountId: '123456789012', region: 'us-east-1' }
      context.meter({ api: 'demo:List', requests: 3, billedMetrics: 0, ...place })
      if (options.label === 'denied') {
        context.report({ code: 'forbidden', severity: 'error', scope: '123456789012/us-east-1', message: 'Denied.' })
        return NO_COST
      }
      const metric = { ...place, namespace: 'Demo', metric: String(intervalMs), series: options.names.length }
      const billedMetrics = options.names.length * 1_000
      const metrics = [{ ...metric, rule: 'everything', every: 'poll' as const, billedMetrics, fields: 7 }]
      const { backfill } = context
      if (backfill === undefined) return { ...NO_COST, metrics }
      const hours = (backfill.endMs - backfill.startMs) / 3_600_000
      const again = { ...metric, rule: 'backfill', every: 'once' as const, billedMetrics: hours, fields: 0 }
      return { ...NO_COST, metrics: [...metrics, again] }
    },
    async explain(context: RunContext, { name, metric }: Question): Promise<readonly Explanation[]> {
      if (!options.names.includes(name)) return []
      const facts = [
        { label: 'runs', value: String((await context.load('count')) ?? 0) },
        { label: 'rewrite', value: context.sink.rewrite },
      ]
      return [{ title: name + ' ' + (metric ?? 'all metrics'), facts }]
    },
    async access(): Promise<readonly Access[]> {
      if (options.label === 'hostile') return [{ title: 'a', regions: ['us-east-1"'], actions: [] }]
      const actions = options.names.map((name) => ({ action: 'demo:' + name, on: 'account', gives: name, isOptional: false }) as const)
      return [{ title: 'key A', accountId: '123456789012', regions: ['us-east-1'], actions }]
    },
    async doctor(context: RunContext): Promise<readonly Check[]> {
      if (options.gate !== undefined && options.label === 'doctor') await (await fetch(options.gate, { signal: context.signal })).text()
      return [{ id: 'demo', status: 'ok', title: 'The demo is well', detail: options.names.join(',') }]
    },
  }
}
`

const TEMPLATE = `import { DFF } from 'guance-aws-lambda/dff'
import { makeScript } from 'guance-aws-lambda/sets/demo_set'

const names = {{names}}
const token = {{secret:token}}
export const run = DFF.API('Demo', { fixedCronExpr: {{cron}}, timeout: 60,
  connector: {{connector}},
}, makeScript({
  names,
  gate: {{gate}},
  label: {{label}},
}))
`

const FORM = {
  $id: 'parameters/demo_set',
  title: 'DemoParameters',
  type: 'object',
  additionalProperties: false,
  required: ['names'],
  properties: {
    names: { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } },
    token: { type: 'string', minLength: 8, writeOnly: true },
    user: { type: 'string', minLength: 1 },
    gate: { type: 'string' },
    label: { type: 'string', default: 'plain' },
    cron: { type: 'string', default: '*/5 * * * *' },
  },
  dependentRequired: { user: ['token'] },
}

const SETS = {
  demo_base: {
    manifest: { requires: [] },
    files: { 'main.ts': BASE_MAIN },
  },
  demo_set: {
    manifest: { requires: ['demo_base'], startup: 'startup.ts.template', parameters: 'demo_set' },
    files: { 'main.ts': SET_MAIN, 'startup.ts.template': TEMPLATE },
  },
} as const

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

interface Release {
  readonly version?: string
  readonly template?: string
  /** What demo_set and demo_base want of the host. */
  readonly uses?: { readonly demo_set?: readonly string[]; readonly demo_base?: readonly string[] }
  /** More parameters of the form. */
  readonly properties?: object
}

/** Writes the fixture market into a folder; a release makes other versions of its sets. */
export function writeMarket(root: string, release: Release = {}): void {
  const form = { ...FORM, properties: { ...FORM.properties, ...release.properties } }
  write(join(root, 'schemas/parameters/demo_set.schema.json'), JSON.stringify(form))
  for (const [id, { manifest, files }] of Object.entries(SETS)) {
    const version = id === 'demo_set' ? (release.version ?? '1.0.0') : '1.0.0'
    const uses = release.uses?.[id as keyof typeof SETS] ?? []
    const full = { id, version, title: text(id), description: text(id), uses, ...manifest }
    write(join(root, 'scripts', id, 'set.json'), JSON.stringify(full))
    for (const [name, content] of Object.entries(files)) {
      const isTemplate = name.endsWith('.template')
      write(join(root, 'scripts', id, name), isTemplate ? (release.template ?? content) : content)
    }
  }
  writeListing(root)
}

/** An HTTP server whose answers wait until the test lets them go. */
export interface Gate {
  readonly url: string
  /** Resolves when a task stands at the gate. */
  arrived(): Promise<void>
  open(): void
  close(): Promise<void>
}

export async function openGate(): Promise<Gate> {
  const held: ServerResponse[] = []
  const waiting: (() => void)[] = []
  const server: Server = createServer((_request, response) => {
    held.push(response)
    // A task that was killed no longer stands here.
    response.once('close', () => held.splice(0, held.length, ...held.filter((other) => other !== response)))
    waiting.splice(0).forEach((resolve) => resolve())
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    arrived: () => new Promise((resolve) => void (held.length > 0 ? resolve() : waiting.push(resolve))),
    open: () => held.splice(0).forEach((response) => response.end()),
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => void server.close(() => resolve()))
    },
  }
}

/** A temporary folder with a market and room for a home. */
export interface Ground {
  readonly root: string
  readonly marketRoot: string
  readonly home: string
  remove(): void
}

export function makeGround(parent: string = tmpdir()): Ground {
  const root = mkdtempSync(join(parent, 'dff-host-'))
  const marketRoot = join(root, 'market')
  writeMarket(marketRoot)
  return {
    root,
    marketRoot,
    home: join(root, 'home'),
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}

/** Polls until a condition holds; rejects after twenty seconds or the limit, so that a test says what it waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 20_000,
): Promise<void> {
  const deadlineMs = Date.now() + limitMs
  while (!(await condition())) {
    if (Date.now() > deadlineMs) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => void setTimeout(resolve, 20))
  }
}
