import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type EpochMs, MINUTE_MS, SECOND_MS } from '../core/time.ts'
import type { InventoryReport } from '../simulator/control/inventory-audit.ts'
import {
  accountIdsOf,
  editStartup,
  fleetOf,
  type Organization,
  ORGANIZATION_REGIONS,
  policiesOf,
  pollTimesOf,
  refusalsOf,
  RESOURCE_TAGS,
} from '../tools/organization.ts'
import { openSimulatedHome, type Poll, type SimulatedHome } from '../tools/simulated-home.ts'
import type { BenchResult, Figures } from './report.ts'

/** In the help of main.ts too. */
export const INVENTORY_USAGE =
  'inventory [--accounts 40] [--functions 10000] [--regions 6] [--polls 6] [--changes 200] [--details]'

/** AWS allows Lambda's control plane so much in one region of one account (aws.md §3.2). */
const CONTROL_PLANE_PER_SEC = 15
const POLL_SEC = (5 * MINUTE_MS) / SECOND_MS

/** Weeks before today, because Execute refuses the future. */
const START_MS: EpochMs = Date.parse('2026-06-01T12:00:00Z')

interface Options {
  readonly organization: Organization
  readonly hasDetails: boolean
}

function parseOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const
  const options = {
    accounts: text,
    functions: text,
    regions: text,
    polls: text,
    changes: text,
    details: { type: 'boolean' },
  } as const
  const { values } = parseArgs({ args: [...args], options })
  const numberOf = (
    name: 'accounts' | 'functions' | 'regions' | 'polls' | 'changes',
    otherwise: number,
    least: number,
  ): number => {
    const number = Number(values[name] ?? otherwise)
    if (Number.isInteger(number) && number >= least) return number
    throw new Error(`--${name}: expected a whole number from ${least} up, got ${values[name]}`)
  }
  const organization = {
    accounts: numberOf('accounts', 40, 4),
    functions: numberOf('functions', 10_000, 4),
    polls: numberOf('polls', 6, 3),
    changesPerPoll: numberOf('changes', 200, 1),
    regions: ORGANIZATION_REGIONS.slice(0, numberOf('regions', ORGANIZATION_REGIONS.length, 1)),
    startMs: START_MS,
  }
  return { organization, hasDetails: values.details === true }
}

async function prepare(home: SimulatedHome, { organization, hasDetails }: Options): Promise<void> {
  const { externalId } = await home.control<{ readonly externalId: string }>('info')
  const path = join(home.root, 'startup', 'guance_aws_lambda.ts')
  const text = editStartup(readFileSync(path, 'utf8'), organization, externalId)
  writeFileSync(path, hasDetails ? text.replace('details: false', 'details: true') : text)
  // One after the other: three calls.
  for (const policy of policiesOf(organization)) await home.control('iam', policy)
}

/** The largest share of the control plane that a region of an account was asked for in a poll, as a mean over five minutes. */
function shareOf({ record }: Poll): number {
  const calls = new Map<string, number>()
  for (const { api, accountId, region, requests } of record.usage) {
    if (!api.startsWith('lambda:')) continue
    const place = `${accountId}/${region}`
    calls.set(place, (calls.get(place) ?? 0) + requests)
  }
  return Math.max(0, ...calls.values()) / POLL_SEC / CONTROL_PLANE_PER_SEC
}

function figuresOf(poll: Poll): Figures {
  const { record, wallMs, hostCpuMs } = poll
  const { resources } = record
  if (resources === null) throw new Error(`a task was ended: ${record.exceptionText}`)
  return {
    wallSeconds: wallMs / 1_000,
    taskCpuSeconds: resources.cpuMs / 1_000,
    hostCpuSeconds: hostCpuMs / 1_000,
    peakRssMB: resources.peakRssBytes / 1e6,
    requests: record.usage.reduce((sum, { requests }) => sum + requests, 0),
    controlPlaneShare: shareOf(poll),
    objects: record.points['custom_object'] ?? 0,
    events: record.points['keyevent'] ?? 0,
    metrics: record.points['metric'] ?? 0,
    problems: record.problems.length,
  }
}

/** What the simulator's truth says of the accounts that refuse nothing. */
async function judge(home: SimulatedHome, organization: Organization): Promise<InventoryReport> {
  const refused = new Set<string>(Object.values(refusalsOf(organization)))
  return home.control<InventoryReport>('audit/inventory', {
    accountIds: accountIdsOf(organization).filter((id) => !refused.has(id)),
    sinceMs: organization.startMs,
    untilMs: pollTimesOf(organization).at(-1) ?? 0,
    tags: Object.fromEntries(RESOURCE_TAGS.map((key) => [key, key])),
  })
}

async function pollAll(home: SimulatedHome, organization: Organization): Promise<readonly Figures[]> {
  const figures: Figures[] = []
  for (const atMs of pollTimesOf(organization)) {
    // One poll after the other, delivered before the clock jumps on.
    const poll = await home.pollAt(atMs)
    await home.untilDelivered()
    figures.push(figuresOf(poll))
    process.stderr.write(`inventory: poll ${figures.length}, ${Math.round(poll.wallMs / 1_000)} s\n`)
  }
  return figures
}

function worstOf(figures: readonly Figures[], key: string): number {
  return Math.max(...figures.map((one) => one[key] ?? 0))
}

function summarise(polls: readonly Figures[], judged: InventoryReport): Figures {
  const regular = polls.slice(1, -1)
  const { objects, events, metricTags } = judged
  const differencesOf = ({ missing, wrong, extra }: InventoryReport['objects']): number =>
    missing + wrong + extra
  return {
    objectsExpected: objects.expected,
    objectDifferences: differencesOf(objects),
    eventsExpected: events.expected,
    eventDifferences: differencesOf(events),
    metricTagsExpected: metricTags.expected,
    metricTagDifferences: differencesOf(metricTags),
    controlPlaneShare: worstOf(polls, 'controlPlaneShare'),
    wallSeconds: worstOf(regular, 'wallSeconds'),
    cpuSeconds: worstOf(regular, 'taskCpuSeconds') + worstOf(regular, 'hostCpuSeconds'),
    peakRssMB: worstOf(polls, 'peakRssMB'),
  }
}

/** Polls an organization through the whole host and judges objects, events and tags by the simulator's truth. */
export async function measureInventory(args: readonly string[]): Promise<BenchResult> {
  const options = parseOptions(args)
  const { organization, hasDetails } = options
  const folder = mkdtempSync(join(tmpdir(), 'organization-'))
  const fleet = join(folder, 'fleet.json')
  writeFileSync(fleet, JSON.stringify(fleetOf(organization)))
  const home = await openSimulatedHome({
    simulatorArgs: ['--latency', '0', '--quotas', '--fleet', fleet],
    sink: { rewrite: 'unknown', mergesFields: false },
  })
  try {
    await prepare(home, options)
    const polls = await pollAll(home, organization)
    const judged = await judge(home, organization)
    return {
      name: 'inventory',
      figures: summarise(polls, judged),
      runs: Object.fromEntries(polls.map((figures, index) => [`poll ${index + 1}`, figures])),
      notes: [
        `${organization.functions} functions of ${organization.accounts} accounts in ${organization.regions.length} regions and a disabled one, a tenth of them active; ${hasDetails ? 'with' : 'without'} a call for each function`,
        'three accounts refuse something: their role, lambda:ListFunctions, tag:GetResources; objects, events and tags are judged of the others',
        'controlPlaneShare: calls of lambda: of the busiest region of an account in a poll ÷ (15 a second × 5 minutes)',
        'wall and CPU: the dearest poll between the first, with three hours of minutes, and the last, an hour later',
        ...judged.samples.slice(0, 5),
      ],
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
    await home.close()
  }
}
