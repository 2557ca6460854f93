import type { FunctionConfiguration } from '@aws-sdk/client-lambda'
import { type EpochMs, formatTime, type Point } from 'guance-aws-lambda/dff'
import type { InventoryEntry } from 'guance-aws-lambda/sets/guance_integration'

/** Class of the objects; the platform makes its tag `class` from the measurement and refuses one that is sent (guance.md §6). */
export const OBJECT_CLASS = 'aws_lambda'

/** What all objects of a region share. */
export interface ObjectContext {
  readonly accountId: string
  readonly region: string
  readonly cloudProvider: string
  readonly extraTags: Readonly<Record<string, string>>
  readonly timeMs: EpochMs
}

/** `2022-03-09T06:13:31.000+0000`, as ListFunctions writes it; undefined when it is no time. */
function lastModifiedMs(text: string | undefined): EpochMs | undefined {
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
function showFunction(lambda: FunctionConfiguration): string {
  return JSON.stringify(lambda, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}

/**
 * The custom object of a function, with upstream's tags and fields (guance.md §1.6): `name` is its identity, so the same
 * name in two regions is one object there. `lambda` comes without its environment.
 */
export function makeFunctionObject(lambda: FunctionConfiguration, object: ObjectContext): Point {
  const { FunctionName, PackageType, RevisionId, Role, Runtime, Version } = lambda
  const createdTime = parseLastModified(lambda.LastModified)
  return {
    category: 'custom_object',
    measurement: OBJECT_CLASS,
    timeMs: object.timeMs,
    tags: {
      ...withoutUndefined(object.extraTags),
      ...withoutUndefined({
        FunctionName,
        name: FunctionName,
        PackageType,
        RevisionId,
        Role,
        Runtime,
        Version,
      }),
      RegionId: object.region,
      cloud_provider: object.cloudProvider,
      account_id: object.accountId,
    },
    fields: {
      ...(createdTime === undefined ? {} : { CreatedTime: createdTime }),
      message: showFunction(lambda),
    },
  }
}

/**
 * What the inventory keeps of a function; RevisionId is left out because it would make a new series at each deployment.
 * AWS does not say when a function was created: what was modified then existed then.
 */
export function makeInventoryEntry(lambda: FunctionConfiguration): InventoryEntry {
  const { FunctionName = '', PackageType, Role, Runtime, Version, Timeout, LastModified } = lambda
  const sinceMs = lastModifiedMs(LastModified)
  return {
    name: FunctionName,
    tags: withoutUndefined({ PackageType, Role, Runtime, Version }),
    ...(Number.isFinite(Timeout) ? { timeoutSec: Number(Timeout) } : {}),
    ...(sinceMs === undefined ? {} : { sinceMs }),
  }
}
