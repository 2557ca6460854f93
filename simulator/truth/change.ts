import type { EpochMs } from '../../core/time.ts'

/** Something that happens to a lambda at a time: it comes, goes, or gets another timeout (and with it a new RevisionId). */
export type Change = {
  readonly accountId: string
  /** The lambda's number within the account; its name ends in it. */
  readonly index: number
  readonly atMs: EpochMs
} & ({ readonly kind: 'create' | 'delete' } | { readonly kind: 'timeout'; readonly timeoutSec: number })

/** Whatever has a history of changes. */
export interface Changing {
  /** In the order of time. */
  readonly changes: readonly Change[]
}

/** Whether a lambda exists at an instant. One whose first coming or going is a `create` did not exist before it. */
export function existsAt({ changes }: Changing, atMs: EpochMs): boolean {
  if (changes.length === 0) return true
  const life = changes.filter(({ kind }) => kind !== 'timeout')
  const last = life.findLast((change) => change.atMs <= atMs)
  return last === undefined ? life[0]?.kind !== 'create' : last.kind === 'create'
}

/** The timeout of `$LATEST` at an instant. */
export function timeoutSecAt(
  { changes, timeoutSec }: Changing & { readonly timeoutSec: number },
  atMs: EpochMs,
): number {
  const last = changes.findLast((change) => change.kind === 'timeout' && change.atMs <= atMs)
  return last?.kind === 'timeout' ? last.timeoutSec : timeoutSec
}

/** The changes that have happened by an instant; each is a new revision. */
export function changesUntil({ changes }: Changing, atMs: EpochMs): readonly Change[] {
  return changes.filter((change) => change.atMs <= atMs)
}
