import { type EpochMs, formatTime, type Point } from 'guance-aws-lambda/dff'
import { type InventoryEntry, readText } from 'guance-aws-lambda/sets/guance_integration'
import { describeDetail, type Known, resourceTagsOf } from './detail-fields.ts'
import { describeFunction } from './function-fields.ts'
import type { LambdaFunction } from './list-functions.ts'
import { type ObjectNaming, objectNameOf, type ObjectPlace } from './object-name.ts'

/** Class of the objects; the platform makes its tag `class` from the measurement and refuses one that is sent (guance.md §6). */
export const OBJECT_CLASS = 'aws_lambda'

const NOTHING_KNOWN: Known = { resourceTags: [] }

/** What all objects of a region share. */
export interface ObjectContext extends ObjectPlace {
  readonly naming: ObjectNaming
  readonly cloudProvider: string
  readonly extraTags: Readonly<Record<string, string>>
  readonly timeMs: EpochMs
}

/** `2022-03-09T06:13:31.000+0000`, as ListFunctions writes it; undefined when it is no time. */
export function lastModifiedMs(text: string | undefined): EpochMs | undefined {
  const timeMs = Date.parse((text ?? '').replace(/([+-]\d{2})(\d{2})$/, '$1:$2'))
  return Number.isNaN(timeMs) ? undefined : timeMs
}

/** The same as `2022-03-09T06:13:31Z`; undefined when it is no time. */
export function parseLastModified(text: string | undefined): string | undefined {
  const timeMs = lastModifiedMs(text)
  return timeMs === undefined ? undefined : formatTime(timeMs)
}

function withoutUndefined(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) =>
      // A reply may say null for nothing.
      typeof value === 'string' && value !== '' ? [[key, value]] : [],
    ),
  )
}

/** As AWS sent it; the SDK makes a BigInt of a large number, which JSON cannot hold. */
function showFunction(lambda: LambdaFunction): string {
  return JSON.stringify(lambda, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}

/** Tags of a function's object: upstream's (guance.md §1.6), which the account's own never overwrite. */
export function objectTags(
  known: Readonly<Record<string, string | undefined>> & { readonly FunctionName?: string | undefined },
  object: ObjectContext,
): Record<string, string> {
  const { extraTags, naming, region, cloudProvider, accountId } = object
  return {
    ...withoutUndefined(extraTags),
    ...withoutUndefined({ ...known, name: objectNameOf(object, known.FunctionName ?? '', naming) }),
    RegionId: region,
    cloud_provider: cloudProvider,
    account_id: accountId,
  }
}

/** The custom object of a function; class and `name` are its identity. `lambda` comes without values of its environment. */
export function makeFunctionObject(
  lambda: LambdaFunction,
  object: ObjectContext,
  known: Known = NOTHING_KNOWN,
): Point {
  const { FunctionName, PackageType, RevisionId, Role, Runtime, Version } = lambda
  const createdTime = parseLastModified(lambda.LastModified)
  return {
    category: 'custom_object',
    measurement: OBJECT_CLASS,
    timeMs: object.timeMs,
    tags: {
      ...resourceTagsOf(known, object.extraTags),
      ...objectTags({ FunctionName, PackageType, RevisionId, Role, Runtime, Version }, object),
    },
    fields: {
      ...(createdTime === undefined ? {} : { CreatedTime: createdTime }),
      ...describeFunction(lambda),
      ...describeDetail(known),
      message: showFunction(lambda),
    },
  }
}

/**
 * What the inventory keeps of a function; RevisionId is no tag because it would make a new series at each deployment.
 * AWS does not say when a function was created: what was modified then existed then.
 */
export function makeInventoryEntry(
  lambda: LambdaFunction,
  { extraTags }: Pick<ObjectContext, 'extraTags'>,
  known: Known = NOTHING_KNOWN,
): InventoryEntry {
  const { FunctionName = '', PackageType, Role, Runtime, Version, Timeout, LastModified, RevisionId } = lambda
  const sinceMs = lastModifiedMs(LastModified)
  const revisionId = readText(RevisionId)
  return {
    name: FunctionName,
    tags: {
      ...resourceTagsOf(known, extraTags),
      ...withoutUndefined({ PackageType, Role, Runtime, Version }),
    },
    ...(revisionId === undefined ? {} : { revisionId }),
    ...(Number.isFinite(Timeout) ? { timeoutSec: Number(Timeout) } : {}),
    ...(sinceMs === undefined ? {} : { sinceMs }),
  }
}
