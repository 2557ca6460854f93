import { type EpochMs, MINUTE_MS } from '../../core/time.ts'
import { existsAt } from './change.ts'
import type { Lambda } from './lambda.ts'
import { mixSeed } from './random.ts'

/** When a lambda has traffic: always, in one burst of each cycle, or never although it is listed. */
export type Activity =
  | { readonly kind: 'steady' }
  | { readonly kind: 'bursty'; readonly burstMin: number; readonly everyMin: number }
  | { readonly kind: 'idle' }

/** Every cycle has one burst, somewhere in it; each lambda's cycles start at a minute of its own. */
function isInBurst(lambda: Lambda, minute: number, burstMin: number, everyMin: number): boolean {
  const shifted = minute + (lambda.seed % everyMin)
  const cycle = Math.floor(shifted / everyMin)
  const startMin = mixSeed(mixSeed(lambda.seed, 13), cycle) % (everyMin - burstMin + 1)
  const atMin = shifted - cycle * everyMin
  return atMin >= startMin && atMin < startMin + burstMin
}

/** Mean invocations a minute in this minute; 0 outside bursts and while the lambda does not exist. Pure. */
export function invocationRate(lambda: Lambda, minuteMs: EpochMs): number {
  const { activity } = lambda
  if (!lambda.isActive || activity.kind === 'idle' || !existsAt(lambda, minuteMs)) return 0
  if (activity.kind === 'steady') return lambda.invocationsPerMin
  const { burstMin, everyMin } = activity
  return isInBurst(lambda, minuteMs / MINUTE_MS, burstMin, everyMin) ? lambda.invocationsPerMin : 0
}
