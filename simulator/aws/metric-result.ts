import type { FaultKind } from './fault-kind.ts'

/** One MetricDataResult. */
export interface Result {
  readonly Id: string
  readonly Label: string
  readonly Timestamps: readonly number[]
  readonly Values: readonly number[]
  readonly StatusCode: 'Complete' | 'PartialData' | 'InternalError' | 'Forbidden'
  readonly Messages?: readonly { readonly Code: string; readonly Value: string }[]
}

/** A query that is not allowed is answered so, beside the others. */
export function forbid(result: Result): Result {
  return {
    ...result,
    Timestamps: [],
    Values: [],
    StatusCode: 'Forbidden',
    Messages: [{ Code: 'Forbidden', Value: 'Access to this metric is denied.' }],
  }
}

function withFirstValue(result: Result, value: unknown): object {
  return { ...result, Values: result.Values.map((each, at) => (at === 0 ? value : each)) }
}

/** What a fault makes of a result; undefined when it leaves it out. */
function bend(result: Result, fault: FaultKind | undefined): object | undefined {
  switch (fault) {
    case 'internalError':
    case 'internalErrorAlone':
      return { ...result, Timestamps: [], Values: [], StatusCode: 'InternalError' }
    case 'forbidden':
      return forbid(result)
    case 'missingResult':
      return undefined
    case 'shortValues':
      return { ...result, Values: result.Values.slice(1) }
    case 'nanValue':
      return withFirstValue(result, 'NaN')
    case 'nullValue':
      return withFirstValue(result, null)
    case 'textValue':
      return withFirstValue(result, String(result.Values[0]))
    default:
      return result
  }
}

/** A page whose results and datapoints come in the reverse of what was asked for. */
function reverse(results: readonly Result[]): readonly object[] {
  return results.toReversed().map((result) => ({
    ...result,
    Timestamps: result.Timestamps.toReversed(),
    Values: result.Values.toReversed(),
  }))
}

const FAILURES: readonly (FaultKind | undefined)[] = [
  'internalError',
  'internalErrorAlone',
  'forbidden',
  'missingResult',
]

/** Applies a fault to every other result of a page, the first included. `failed` are the places of those that got no values. */
export function bendResults(
  results: readonly Result[],
  fault: FaultKind | undefined,
): { readonly results: readonly object[]; readonly failed: readonly number[] } {
  if (fault === 'oddOrder') return { results: reverse(results), failed: [] }
  const bent = results.flatMap((result, at) => (at % 2 === 0 ? (bend(result, fault) ?? []) : result))
  const failed = FAILURES.includes(fault) ? results.flatMap((_, at) => (at % 2 === 0 ? at : [])) : []
  return { results: bent, failed }
}
