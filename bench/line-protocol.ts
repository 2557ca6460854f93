import { encodeLine } from '../runner/line-protocol/encode.ts'
import { makePollPoints } from './poll-points.ts'
import type { BenchResult } from './report.ts'

const POINTS = 100_000
const ROUNDS = 5

function secondsOf(act: () => void): number {
  const startedNs = process.hrtime.bigint()
  act()
  return Number(process.hrtime.bigint() - startedNs) / 1e9
}

/** Best of several rounds: noise on a shared machine only ever adds time. */
function bestSeconds(act: () => void): number {
  return Math.min(...Array.from({ length: ROUNDS }, () => secondsOf(act)))
}

/** Points a second through the serializer, and how that compares with JSON.stringify of the same points in the same run. */
export function measureLineProtocol(): Promise<BenchResult> {
  const points = makePollPoints(POINTS)
  let bytes = 0
  const encodeSeconds = bestSeconds(() => {
    bytes = 0
    for (const point of points) bytes += encodeLine(point)?.length ?? 0
  })
  const jsonSeconds = bestSeconds(() => {
    for (const point of points) JSON.stringify(point)
  })
  return Promise.resolve({
    name: 'line-protocol',
    figures: {
      pointsPerSecond: Math.round(POINTS / encodeSeconds),
    },
    notes: [
      `${POINTS} points, 6 tags, 10 fields, best of ${ROUNDS}: ${(bytes / 1e6 / encodeSeconds).toFixed(0)} MB/s`,
      `${(encodeSeconds / jsonSeconds).toFixed(2)} times what JSON.stringify of the same points takes in the same run`,
    ],
  })
}
