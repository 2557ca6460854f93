import type { EpochMs } from '../../core/time.ts'

/** Something that happens to a lambda at a time. All but a tag give it a new RevisionId. */
export type Change = {
  readonly accountId: string
  /** The lambda's number within the account; its name ends in it. */
  readonly index: number
  readonly atMs: EpochMs
} & (
  | { readonly kind: 'create' | 'delete' }
  | { readonly kind: 'timeout'; readonly timeoutSec: number }
  | { readonly kind: 'memory'; readonly memoryMb: number }
  /** Another code, or other values of its environment, which no list shows. */
  | { readonly kind: 'code' | 'environment' }
  | { readonly kind: 'tag'; readonly key: string; readonly value: string }
)

type Kind = Change['kind']
type OfKind<K extends Kind> = Extract<Change, { readonly kind: K }>

/** Whatever has a history of changes. */
export interface Changing {
  /** In the order of time. */
  readonly changes: readonly Change[]
}

/** Whether a lambda exists at an instant. One whose first coming or going is a `create` did not exist before it. */
export function existsAt({ changes }: Changing, atMs: EpochMs): boolean {
  if (changes.length === 0) return true
  const life = changes.filter(({ kind }) => kind === 'create' || kind === 'delete')
  const last = life.findLast((change) => change.atMs <= atMs)
  return last === undefined ? life[0]?.kind !== 'create' : last.kind === 'create'
}

function lastOf<K extends Kind>({ changes }: Changing, kind: K, atMs: EpochMs): OfKind<K> | undefined {
  const isMeant = (change: Change): change is OfKind<K> => change.kind === kind && change.atMs <= atMs
  return changes.filter(isMeant).at(-1)
}

/** The timeout of `$LATEST` at an instant. */
export function timeoutSecAt(changing: Changing & { readonly timeoutSec: number }, atMs: EpochMs): number {
  return lastOf(changing, 'timeout', atMs)?.timeoutSec ?? changing.timeoutSec
}

/** The memory of `$LATEST` at an instant. */
export function memoryMbAt(changing: Changing & { readonly memoryMb: number }, atMs: EpochMs): number {
  return lastOf(changing, 'memory', atMs)?.memoryMb ?? changing.memoryMb
}

/** How often the code has changed by an instant. */
export function codesUntil({ changes }: Changing, atMs: EpochMs): number {
  return changes.filter((change) => change.kind === 'code' && change.atMs <= atMs).length
}

/** The changes that have happened by an instant and are a new revision each. */
export function changesUntil({ changes }: Changing, atMs: EpochMs): readonly Change[] {
  return changes.filter((change) => change.kind !== 'tag' && change.atMs <= atMs)
}

/** Tags that were set by an instant, in the order of time. */
export function tagsUntil({ changes }: Changing, atMs: EpochMs): readonly OfKind<'tag'>[] {
  return changes.flatMap((change) => (change.kind === 'tag' && change.atMs <= atMs ? [change] : []))
}
