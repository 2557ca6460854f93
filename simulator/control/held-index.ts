import type { EpochMs } from '../../core/time.ts'
import type { HeldLine, HeldSeries } from '../receiver/held-line.ts'
import type { Received } from '../receiver/received.ts'
import type { Dimension } from '../truth/series.ts'

const MEASUREMENT = 'aws_AWS/Lambda'
const DIMENSION_NAMES = ['EventSourceMappingUUID', 'ExecutedVersion', 'FunctionName', 'Resource']

/** Which part of what the receiver holds. */
interface Extent {
  readonly accountId: string
  readonly regions: readonly string[]
  readonly startMs: EpochMs
  readonly endMs: EpochMs
}

/** A held series and what it is at AWS: tags beyond the dimensions do not tell series apart there. */
interface PlacedSeries {
  readonly place: { readonly region: string; readonly dimensions: readonly Dimension[] }
  readonly series: HeldSeries
}

/** What is held of one dimension set and time. */
export interface HeldMinute {
  /** Values that are still to be compared, by field. */
  readonly values: Map<string, number>
  /** One for each set of tags beyond the dimensions. */
  readonly lines: HeldLine[]
  /** Fields that more than one of them has. */
  readonly doubles: string[]
}

/** The key of a region's dimension set. */
export function placeKey(region: string, dimensions: readonly Dimension[]): string {
  return [region, ...dimensions.map(({ Name, Value }) => `${Name}=${Value}`)].join('\n')
}

/** The held series of these regions by `placeKey`. */
export function indexHeld(received: Received, { accountId, regions }: Extent): Map<string, PlacedSeries[]> {
  const index = new Map<string, PlacedSeries[]>()
  for (const series of received.series({ category: 'metric', measurement: MEASUREMENT })) {
    const { RegionId: region = '', account_id: account } = series.tags
    if (account !== accountId || !regions.includes(region)) continue
    const dimensions = DIMENSION_NAMES.flatMap((Name) => {
      const Value = series.tags[Name]
      return Value === undefined ? [] : [{ Name, Value }]
    })
    const key = placeKey(region, dimensions)
    const placed = { place: { region, dimensions }, series }
    const group = index.get(key)
    if (group) group.push(placed)
    else index.set(key, [placed])
  }
  return index
}

function addLine(moment: HeldMinute, line: HeldLine): void {
  moment.lines.push(line)
  for (const field of line.fieldNames()) {
    if (moment.values.has(field)) moment.doubles.push(field)
    moment.values.set(field, Number(line.value(field)))
  }
}

/** What the series of one dimension set hold in the extent, by time. */
export function readHeld(
  held: readonly PlacedSeries[],
  { startMs, endMs }: Extent,
): Map<EpochMs, HeldMinute> {
  const moments = new Map<EpochMs, HeldMinute>()
  for (const { series } of held) {
    for (const [key, line] of series.lines) {
      const timeMs = typeof key === 'number' ? key : Number(key) / 1e6
      if (timeMs < startMs || timeMs >= endMs) continue
      const moment = moments.get(timeMs) ?? { values: new Map<string, number>(), lines: [], doubles: [] }
      moments.set(timeMs, moment)
      addLine(moment, line)
    }
  }
  return moments
}
