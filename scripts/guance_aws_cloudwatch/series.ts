export interface Dimension {
  readonly name: string
  readonly value: string
}

/** Namespace, metric and dimensions, without a statistic: what AWS bills for. */
export interface Series {
  readonly namespace: string
  readonly metric: string
  /** Sorted by name, so that equal sets compare equal. */
  readonly dimensions: readonly Dimension[]
}

/** The dimension set with its values; series of one identity share a line per minute. */
export function identityOf({ dimensions }: Pick<Series, 'dimensions'>): string {
  return JSON.stringify(dimensions.map(({ name, value }) => [name, value]))
}

/** Names of the dimension set, e.g. `FunctionName,Resource`; empty for the account-wide set. */
export function dimensionSetOf({ dimensions }: Series): string {
  return dimensions.map(({ name }) => name).join(',')
}

/** Dimension names in the order in which a series holds them. */
export function sortNames(names: readonly string[]): string[] {
  return names.toSorted((left, right) => (left < right ? -1 : left > right ? 1 : 0))
}
