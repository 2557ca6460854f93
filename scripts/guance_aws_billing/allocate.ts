/** Shares a day's Lambda lines out to functions. Pure; every unit of every line goes to somebody. */
import { readUsageType, type UsageKind } from './usage-kind.ts'

/** What a function did on a day. */
export interface FunctionUsage {
  readonly arn: string
  readonly region: string
  readonly architecture: 'arm64' | 'x86_64'
  readonly invocations: number
  /** Milliseconds of all invocations together, times the memory in MB. */
  readonly megabyteMs: number
}

/** One line of Lambda's costs. */
export interface LambdaLine {
  readonly usageType: string
  readonly units: bigint
}

/** Under this stands what no function is known for: other regions, deleted functions, days without one. */
export const UNALLOCATED = '(unallocated)'

/** Shares are whole in 10⁻¹⁰ of the currency, the last decimal that AWS writes: floats of them add up. */
const STEP = 100n

function weightOf({ counts }: UsageKind, usage: FunctionUsage): bigint {
  const amount = counts === 'requests' ? usage.invocations : usage.megabyteMs
  return BigInt(Math.max(0, Math.round(amount)))
}

/** Who takes part in a line: of its region and architecture, else of its region, or nobody. */
function takersOf(kind: UsageKind, usages: readonly FunctionUsage[]): readonly FunctionUsage[] {
  const { region, architecture } = kind
  const near = usages.filter((usage) => region === undefined || usage.region === region)
  const exact = near.filter((usage) => architecture === undefined || usage.architecture === architecture)
  const isUsed = (usage: FunctionUsage): boolean => weightOf(kind, usage) > 0n
  return exact.some(isUsed) ? exact.filter(isUsed) : near.filter(isUsed)
}

/** Parts of a total by weight, largest remainders first; they add up to the total. No weight may be 0 in all. */
export function shareOut(total: bigint, weights: readonly bigint[]): readonly bigint[] {
  const size = total < 0n ? -total : total
  const steps = size / STEP
  const all = weights.reduce((sum, weight) => sum + weight, 0n)
  const parts = weights.map((weight) => (steps * weight) / all)
  const order = weights
    .map((weight, index) => ({ index, left: (steps * weight) % all }))
    .toSorted((one, other) =>
      one.left === other.left ? one.index - other.index : one.left < other.left ? 1 : -1,
    )
  const missing = steps - parts.reduce((sum, part) => sum + part, 0n)
  for (const { index } of order.slice(0, Number(missing))) parts[index] = (parts[index] ?? 0n) + 1n
  // Less than a step is nobody's in particular.
  const units = parts.map((part, index) => part * STEP + (index === order[0]?.index ? size % STEP : 0n))
  return total < 0n ? units.map((part) => -part) : units
}

/** Units by function, and under `UNALLOCATED` what has none; the sum is that of the lines. */
export function allocate(
  lines: readonly LambdaLine[],
  usages: readonly FunctionUsage[],
  partition: string,
): ReadonlyMap<string, bigint> {
  const sums = new Map<string, bigint>()
  const add = (key: string, units: bigint): void => void sums.set(key, (sums.get(key) ?? 0n) + units)
  for (const { usageType, units } of lines) {
    const kind = readUsageType(usageType, partition)
    const takers = takersOf(kind, usages)
    if (takers.length === 0) {
      add(UNALLOCATED, units)
      continue
    }
    const parts = shareOut(
      units,
      takers.map((taker) => weightOf(kind, taker)),
    )
    for (const [index, { arn }] of takers.entries()) add(arn, parts[index] ?? 0n)
  }
  return sums
}
