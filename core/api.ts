import { validate } from './parameters.ts'
import type { ApiOptions } from './schema-types.generated.ts'
import type { RunContext, Script } from './script.ts'
import type { Json } from './json.ts'

const API_FUNCTION: unique symbol = Symbol.for('guance-aws-lambda.api-function')

/** Upstream's limits of `DFF.API` (guance.md §4.5): async functions default to 3600 s, the queue wait to 900 s. */
const DEFAULT_TIMEOUT_SEC = 3600
const DEFAULT_EXPIRES_SEC = 900

/** An exported function that the host can run: title and options are data, read without running anything. */
export interface ApiFunction {
  readonly [API_FUNCTION]: true
  readonly title: string
  readonly options: ApiOptions & { readonly timeout: number; readonly expires: number }
  readonly script: Script
}

/** Makes an API function from a script or a plain async function; throws BAD_PARAMETER naming the option that is off. */
export function makeApiFunction(
  title: string,
  options: ApiOptions,
  body: Script | ((context: RunContext) => Promise<Json | undefined>),
): ApiFunction {
  const checked = validate('api-options', options, `DFF.API('${title}')`)
  return Object.freeze({
    [API_FUNCTION]: true as const,
    title,
    options: {
      ...checked,
      timeout: checked.timeout ?? DEFAULT_TIMEOUT_SEC,
      expires: checked.expires ?? DEFAULT_EXPIRES_SEC,
    },
    script: typeof body === 'function' ? { run: body } : body,
  })
}

export function isApiFunction(value: unknown): value is ApiFunction {
  return typeof value === 'object' && value !== null && (value as Partial<ApiFunction>)[API_FUNCTION] === true
}
