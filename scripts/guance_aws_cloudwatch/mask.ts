import { type EpochMs, HOUR_MS, SECOND_MS } from 'guance-aws-lambda/dff'
import { isFatal } from 'guance-aws-lambda/sets/guance_integration'
import type { NamespaceContext } from './circumstances.ts'
import { fingerprintOf, type Identity } from './identity.ts'
import { type ListedIdentity, listInto } from './list-series.ts'
import { loadMask, type Mask } from './mask-state.ts'
import { Selection } from './selection.ts'
import { identityOf } from './series.ts'
import type { NamespaceTarget } from './targets.ts'

/**
 * AWS says who had a datapoint in the last three hours, errs only on the inclusive side, and may take a while: after a
 * longer pause of ours it says nothing about the beginning of the pause.
 */
const MAX_PAUSE_MS = 2 * HOUR_MS

/** Who is asked at this poll. */
export interface Masked {
  readonly awake: readonly Identity[]
  readonly asleep: readonly Identity[]
  /** As of the last poll. */
  readonly before: Mask | undefined
  /** Whether AWS was asked for it now: only then may somebody fall asleep. */
  readonly isFresh: boolean
  readonly listedMs: EpochMs
  /** Who was active lately, when `isFresh`. */
  readonly recent: ReadonlySet<string>
}

type Where = Pick<NamespaceContext, 'context' | 'region' | 'place' | 'policy' | 'nowMs' | 'idle' | 'known'>

/** Whether what was listed at that time says nothing about now any more. */
export function isOlder(nowMs: EpochMs, thenMs: EpochMs, maxMs: number): boolean {
  // One from the future was made under a clock that was wrong.
  return nowMs < thenMs || nowMs - thenMs > maxMs
}

/** Half a minute is the jitter of ticks. */
const JITTER_MS = 30 * SECOND_MS

/** Whether the idle tier is asked at this poll, or there is none. */
export function isIdleDue({
  idle,
  known,
  nowMs,
}: Pick<NamespaceContext, 'idle' | 'known' | 'nowMs'>): boolean {
  if (idle === undefined || known?.idleMs === undefined) return true
  return isOlder(nowMs, known.idleMs, idle.everyMs - JITTER_MS)
}

function fingerprints(listed: readonly ListedIdentity[]): ReadonlySet<string> {
  return new Set(listed.map((one) => fingerprintOf(identityOf(one))))
}

/** Who was active; undefined when AWS does not say. Throws what the host says. */
async function listRecent(
  { context, region, place }: Where,
  target: Pick<NamespaceTarget, 'namespace' | 'select'>,
): Promise<ReadonlySet<string> | undefined> {
  try {
    return fingerprints(await listInto(new Selection(target), region, target.namespace, { isRecent: true }))
  } catch (error) {
    context.signal.throwIfAborted()
    if (isFatal(error)) throw error
    const reason = error instanceof Error ? error.message : String(error)
    context.log(`${place.scope}: ${place.namespace}: who was active lately is not known: ${reason}`)
    return undefined
  }
}

/** Whether nobody can be left out: nothing was watching for a while. */
function isBlind({ nowMs }: Where, { polledMs }: Mask): boolean {
  return isOlder(nowMs, polledMs, MAX_PAUSE_MS)
}

/** Parts identities into those that are asked and those that are known to be silent. Throws what the host says. */
export async function maskIdentities(
  where: Where,
  target: Pick<NamespaceTarget, 'namespace' | 'select'>,
  identities: readonly Identity[],
): Promise<Masked> {
  const { context, place, policy, nowMs } = where
  const everybody = { awake: identities, asleep: [], isFresh: false, listedMs: 0, recent: new Set<string>() }
  if (policy.kind === 'everything') return { ...everybody, before: undefined }
  const before = await loadMask(context, place)
  const isOld = before === undefined || isOlder(nowMs, before.listedMs, policy.maxLatenessMs)
  // Who is idle falls asleep at its turns alone: a list that always came between them would keep it awake for ever.
  const isDue = isOld || (where.idle !== undefined && isIdleDue(where))
  const recent = isDue ? await listRecent(where, target) : undefined
  const base = {
    before,
    isFresh: recent !== undefined,
    listedMs: recent === undefined ? (before?.listedMs ?? 0) : nowMs,
    recent: recent ?? new Set<string>(),
  }
  // A first look reaches back further than what AWS tells. Without a word of AWS that is young enough everybody may have woken.
  if (before === undefined || isBlind(where, before) || (isOld && recent === undefined))
    return { ...everybody, ...base }
  const isAwake = ({ fingerprint }: Identity): boolean =>
    base.recent.has(fingerprint) || before.awake.has(fingerprint)
  const parts = Map.groupBy(identities, isAwake)
  return { ...base, awake: parts.get(true) ?? [], asleep: parts.get(false) ?? [] }
}

function ids(identities: readonly Identity[]): readonly string[] {
  return identities.map(({ fingerprint }) => fingerprint)
}

/** Who is asked at the next poll: who was active, and who has something left to be asked for. */
export function nextAwake(
  { awake, before, isFresh, recent }: Masked,
  { woken, behind }: { readonly woken: readonly Identity[]; readonly behind: ReadonlySet<string> },
): ReadonlySet<string> {
  if (!isFresh) return new Set([...(before?.awake ?? []), ...ids(awake), ...ids(woken)])
  return new Set([...recent, ...behind, ...ids(woken)])
}
