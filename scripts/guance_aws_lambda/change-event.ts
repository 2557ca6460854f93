import { hash } from 'node:crypto'
import type { Point } from 'guance-aws-lambda/dff'
import type { Difference, Fact } from './function-facts.ts'
import type { FunctionChange } from './function-change.ts'
import { OBJECT_CLASS, type ObjectContext, objectTags } from './function-object.ts'

/** As DataKit names what it reports of changed objects, so that one query finds both. */
const MEASUREMENT = 'event'
const SOURCE = 'change'
/** Of all events of a change: it alerts nobody by itself. */
const STATUS = 'info'

/** More would make a title a paragraph; the message has them all. */
const MAX_IN_TITLE = 3

const NOTHING = 'nothing'
const UNLISTED = 'something that AWS does not list, such as the value of an environment variable'

/** Values that say nothing to a reader. */
const HASHES: ReadonlySet<Fact> = new Set(['CodeSha256'])

function nameOf({ fact }: Difference): string {
  return HASHES.has(fact) ? 'code' : fact
}

function phraseOf(difference: Difference): string {
  if (HASHES.has(difference.fact)) return 'code'
  return `${difference.fact} ${difference.before ?? NOTHING} → ${difference.after ?? NOTHING}`
}

function titleOf(change: FunctionChange): string {
  if (change.kind !== 'changed') return `${change.name} was ${change.kind}`
  const { name, differences } = change
  if (differences.length === 0) return `${name} changed: ${UNLISTED}`
  if (differences.length > MAX_IN_TITLE) return `${name} changed: ${differences.map(nameOf).join(', ')}`
  return `${name} changed: ${differences.map(phraseOf).join(', ')}`
}

function messageOf(change: FunctionChange, { accountId, region }: ObjectContext): string {
  const what = change.kind === 'changed' ? change.differences.map(phraseOf).join('; ') || UNLISTED : ''
  return `Lambda function ${change.name} in ${accountId}/${region} was ${change.kind}${what === '' ? '' : `: ${what}`}`
}

/** The same change is the same event, whoever tells it and however often; in the form of the ids that Guance makes. */
function eventIdOf({ name, kind, revisionId }: FunctionChange, { accountId, region }: ObjectContext): string {
  const hex = hash('sha256', JSON.stringify([accountId, region, name, kind, revisionId]), 'hex')
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`]
  return `event-${[...parts, hex.slice(20, 32)].join('-')}`
}

function valuesOf(differences: readonly Difference[], side: 'before' | 'after'): string {
  return JSON.stringify(Object.fromEntries(differences.map((one) => [one.fact, one[side]])))
}

/** The event of a change, a point of category `keyevent`. `resourceTags` are those that objects have as well. */
export function makeChangeEvent(
  change: FunctionChange,
  object: ObjectContext,
  resourceTags: Readonly<Record<string, string>>,
): Point {
  const { name, kind, revisionId, timeMs } = change
  return {
    category: 'keyevent',
    measurement: MEASUREMENT,
    timeMs,
    tags: {
      ...resourceTags,
      ...objectTags({ FunctionName: name }, object),
      class: OBJECT_CLASS,
      change: kind,
      df_source: SOURCE,
      df_status: STATUS,
      df_sub_status: STATUS,
      df_event_id: eventIdOf(change, object),
    },
    fields: {
      df_title: titleOf(change),
      df_message: messageOf(change, object),
      ...(revisionId === null ? {} : { RevisionId: revisionId }),
      ...(change.kind !== 'changed'
        ? {}
        : {
            changed: change.differences.map(({ fact }) => fact).join(',') || 'unlisted',
            before: valuesOf(change.differences, 'before'),
            after: valuesOf(change.differences, 'after'),
          }),
    },
  }
}
