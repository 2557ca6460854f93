import { inject } from 'vitest'

/** Replay: `ENGINE_SEED=17 npx vitest run --config vitest.chaos.config.ts test/chaos/engine/last.test.ts`. */
const ONE = process.env['ENGINE_SEED']
/** Other seeds than those of CI, by hand: `ENGINE_FROM=1000`. */
const FROM = Number(process.env['ENGINE_FROM'] ?? 1)

/** The seeds to play: so many in CI, ten times as many by `npm run test:long`. */
export function drawSeeds(countInCi: number): readonly number[] {
  if (ONE !== undefined) return [Number(ONE)]
  const count = inject('length') === 'long' ? countInCi * 10 : countInCi
  return Array.from({ length: count }, (_, index) => FROM + index)
}
