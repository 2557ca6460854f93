import { Activity } from './activity.ts'
import type { NamespaceContext } from './circumstances.ts'
import { type Gate, makeGate, passGate } from './gate.ts'
import type { Identity } from './identity.ts'
import { isIdleDue, isOlder, type Masked, nextAwake } from './mask.ts'
import { commitMask, type Mask } from './mask-state.ts'
import type { SliceResult } from './slice.ts'
import { collectSlice } from './slice.ts'
import type { Tally } from './tally.ts'
import { sliceWorks } from './works.ts'

export interface LiveResult {
  readonly requests: number
  readonly slices: number
  /** Slices of which nothing came complete. */
  readonly failed: number
  readonly behind: SliceResult['behind']
}

/** One poll in so many counts for the moving means. */
const MEAN_POLLS = 12

/** What is due of some identities, a commit per slice. */
export async function collectDue(
  shared: NamespaceContext,
  identities: readonly Identity[],
  tally: Tally,
): Promise<readonly SliceResult[]> {
  const slices = sliceWorks(identities.map((identity) => ({ identity, purpose: 'live' as const })))
  const results: SliceResult[] = []
  // One slice after the other: that is what bounds memory.
  for (const slice of slices) results.push(await collectSlice(shared, slice, tally))
  return results
}

function resultOf(results: readonly SliceResult[]): LiveResult {
  return {
    requests: results.reduce((sum, { requests }) => sum + requests, 0),
    slices: results.length,
    failed: results.filter(({ hasWorked }) => !hasWorked).length,
    behind: results.flatMap(({ behind }) => behind),
  }
}

/** What a poll costs by rule, without what happens once; a backfill has several of them in one tally. */
function meansOf(
  { known }: NamespaceContext,
  { billed, earlier }: { readonly billed: Tally['billed']; readonly earlier: Tally['billed'] },
  before: Mask | undefined,
): Mask['means'] {
  // A first poll asks of everybody what later ones ask of few.
  if (known === undefined) return {}
  const rules = ['mask', 'probe', 'rest', 'gate', 'wake'] as const
  return Object.fromEntries(
    rules.flatMap((rule) => {
      const now = (billed[rule] ?? 0) - (earlier[rule] ?? 0)
      const isNew = before === undefined || Object.keys(before.means).length === 0
      const mean = isNew ? now : (before.means[rule] ?? 0)
      const next = mean + (now - mean) / MEAN_POLLS
      return next > 0 ? [[rule, Math.round(next * 100) / 100] as const] : []
    }),
  )
}

/** Those of the awake whose turn it is, and those who wait. */
function takeTurns(
  shared: NamespaceContext,
  awake: readonly Identity[],
): { readonly due: readonly Identity[]; readonly waiting: readonly Identity[] } {
  const { idle } = shared
  if (idle === undefined || isIdleDue(shared)) return { due: awake, waiting: [] }
  const parts = Map.groupBy(awake, (identity) => idle.has(identity))
  return { due: parts.get(false) ?? [], waiting: parts.get(true) ?? [] }
}

/** Asks who is awake, and of the others those that woke, and commits who is awake next. */
async function collectMasked(shared: NamespaceContext, masked: Masked, tally: Tally): Promise<LiveResult> {
  const { context, place, nowMs, catalogue } = shared
  const earlier = { ...tally.billed }
  const { due, waiting } = takeTurns(shared, masked.awake)
  const cleanMs = masked.before?.cleanMs ?? nowMs
  // What the waiting did would be taken for a sleeper's: the gate waits with them, as long as it may.
  const isWaiting = waiting.length > 0 && !isOlder(nowMs, cleanMs, shared.policy.maxLatenessMs)
  const gate: Gate | undefined = isWaiting
    ? undefined
    : makeGate({ ...shared, critical: [...shared.critical, ...waiting] }, masked)
  const activity = new Activity(gate?.metrics ?? [], catalogue?.grain.length ?? 0)
  const watching = gate === undefined ? shared : { ...shared, activity, reach: gate.window }
  const results = [...(await collectDue(watching, due, tally))]
  const passed =
    gate === undefined
      ? { woken: [], cleanMs: isWaiting ? cleanMs : nowMs, unexplained: masked.before?.unexplained ?? {} }
      : await passGate(shared, gate, { activity, before: masked.before, tally })
  if (passed.woken.length > 0) {
    context.log(`${place.scope}: ${place.namespace}: ${passed.woken.length} functions woke`)
    results.push(...(await collectDue(shared, passed.woken, tally)))
  }
  const mask: Mask = {
    listedMs: masked.listedMs,
    cleanMs: passed.cleanMs,
    polledMs: nowMs,
    unexplained: passed.unexplained,
    awake: nextAwake(masked, {
      woken: passed.woken,
      behind: new Set([
        ...results.flatMap(({ unfinished }) => unfinished),
        ...waiting.map(({ fingerprint }) => fingerprint),
      ]),
    }),
    means: meansOf(shared, { billed: tally.billed, earlier }, masked.before),
  }
  if (!(await commitMask(context, place, { mask, before: masked.before }))) tally.isMaskLost = true
  return resultOf(results)
}

/** What is due of every identity that is awake, and of those that woke, a commit per slice. Throws what ends the region. */
export async function collectLive(
  shared: NamespaceContext,
  masked: Masked,
  tally: Tally,
): Promise<LiveResult> {
  if (shared.policy.kind !== 'everything') return collectMasked(shared, masked, tally)
  return resultOf(await collectDue(shared, takeTurns(shared, masked.awake).due, tally))
}
