import { stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { DffError } from '../../core/error.ts'
import type { Usage } from '../../core/script.ts'
import type { EpochMs } from '../../core/time.ts'
import type { Window } from '../../core/window.ts'
import { startupScriptPath } from '../home.ts'
import type { HostParts } from '../host-parts.ts'
import { scriptIdOf, setIdOf } from '../task-scope.ts'
import { countPolls, type Polls, pollsEvery } from './polls.ts'
import type { PriceList } from './price-list.ts'
import { pricePlan } from './price-plan.ts'
import type { PlanSchedule, PricedPlan } from './priced-plan.ts'

/** What deploy gives a set's trigger. */
const DEFAULT_INTERVAL_MIN = 5

export interface PlanFunctionRequest {
  readonly funcId: string
  /** Another Startup script than the deployed one, with the same rights. */
  readonly scriptPath?: string
  readonly backfill?: Window
  readonly prices: PriceList
  readonly atMs: EpochMs
  readonly signal: AbortSignal
}

/** Throws BAD_PARAMETER unless the file can be a Startup script. */
export async function checkScriptFile(path: string): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error.code ?? 'an error')
  const isFile = typeof found !== 'string' && found.isFile()
  if (isFile && extname(path) === '.ts') return
  throw new DffError({
    code: 'BAD_PARAMETER',
    place: '--compare',
    expected: 'a Startup script, a file that ends in .ts',
    got: typeof found === 'string' ? `${path} (${found})` : path,
    remedy: 'Copy the deployed one from startup/, change the copy, and name it.',
  })
}

async function readSchedule(
  parts: HostParts,
  { funcId, atMs }: PlanFunctionRequest,
  own: { readonly fixedCronExpr: string | null; readonly timezone: string } | undefined,
): Promise<{ readonly schedule: PlanSchedule; readonly polls: Polls }> {
  const trigger = (await parts.store.triggers.list()).find((candidate) => candidate.funcId === funcId)
  // The text may have been edited since the trigger was made, but an override would stay.
  const cronExpr = trigger?.cronOverride ?? own?.fixedCronExpr ?? null
  const timezone = trigger?.timezone ?? own?.timezone ?? 'UTC'
  const polls = cronExpr === null ? pollsEvery(DEFAULT_INTERVAL_MIN) : countPolls(cronExpr, timezone, atMs)
  const { intervalMs, perMonth: pollsPerMonth } = polls
  const isEnabled = trigger?.isEnabled ?? true
  return { schedule: { cronExpr, timezone, isEnabled, intervalMs, pollsPerMonth }, polls }
}

/** What else of the script costs something: it is run on time, or would be if it were deployed as it is now. */
async function listBesides(
  parts: HostParts,
  functions: readonly { readonly funcId: string; readonly fixedCronExpr: string | null }[],
  funcId: string,
): Promise<readonly string[]> {
  const triggers = new Map((await parts.store.triggers.list()).map((one) => [one.funcId, one]))
  return functions.flatMap((one) => {
    const isRun = triggers.get(one.funcId)?.isEnabled ?? one.fixedCronExpr !== null
    return one.funcId !== funcId && isRun ? [one.funcId] : []
  })
}

function unplannable(place: string): DffError {
  return new DffError({
    code: 'SCRIPT_INVALID',
    place,
    expected: 'an API function that can say what it will ask for',
    got: 'one without plan',
    remedy: 'Give DFF.API the collectors by Runner([…]), or an object that has plan beside run.',
  })
}

function sumByApi(usage: readonly Usage[]): PricedPlan['asked'] {
  const sums = new Map<string, number>()
  for (const { api, requests } of usage) sums.set(api, (sums.get(api) ?? 0) + requests)
  return [...sums].map(([api, requests]) => ({ api, requests }))
}

/** Plans one API function as its text stands now. Rejects with what kept it from loading or from reaching its account. */
export async function planFunction(parts: HostParts, request: PlanFunctionRequest): Promise<PricedPlan> {
  const { funcId, prices, atMs, signal, backfill } = request
  const scriptId = scriptIdOf(funcId)
  const script = {
    scriptId,
    signal,
    ...(request.scriptPath === undefined ? {} : { scriptPath: request.scriptPath }),
  }
  const { functions } = await parts.tasks.ask({ ...script, mode: 'inspect' })
  const own = functions.find((candidate) => candidate.funcId === funcId)
  const { schedule, polls } = await readSchedule(parts, request, own)
  const { value, usage, problems } = await parts.tasks.ask({
    ...script,
    mode: 'plan',
    exportName: funcId.slice(scriptId.length + 1),
    intervalMs: polls.intervalMs,
    atMs,
    ...(backfill === undefined ? {} : { backfill }),
  })
  const scriptPath = request.scriptPath ?? startupScriptPath(parts.paths, setIdOf(scriptId))
  if (value.mode !== 'plan' || !value.isPlanned) throw unplannable(scriptPath)
  return {
    funcId,
    scriptPath,
    besides: await listBesides(parts, functions, funcId),
    atMs,
    schedule,
    asked: sumByApi(usage),
    ...pricePlan(value.plan, { prices, polls }),
    problems,
  }
}
