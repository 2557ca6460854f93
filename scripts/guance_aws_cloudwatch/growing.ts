import type { Catalogue } from 'guance-aws-lambda/dff'

/** Statistics that no further sample can make smaller, for values that are never negative. */
const GROWING = ['Sum', 'Maximum', 'SampleCount']

/** Whether a field can only grow while its minute is open: sums and maxima of what the catalogue says is counted or measured. */
export function isGrowingField(catalogue: Catalogue | undefined): (field: string) => boolean {
  return (field) => {
    // The last one: of the statistics meant here none has an underscore, of the metrics many have.
    const cut = field.lastIndexOf('_')
    const isKnown = catalogue?.metrics[field.slice(0, cut)] !== undefined
    return isKnown && GROWING.includes(field.slice(cut + 1))
  }
}
