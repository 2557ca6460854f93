import { describe, expect, it } from 'vitest'
import { keepVersions } from '../../../scripts/guance_aws_lambda/version-sweep.ts'
import { effectiveTimeoutSec, keepTimeouts } from '../../../scripts/guance_integration/inventory.ts'

const DAY_MS = 86_400_000
const before = { name: 'f', tags: {}, timeoutSec: 900 }
const lowered = { name: 'f', tags: {}, timeoutSec: 3 }

describe('a timeout that was lowered', () => {
  it('counts until the versions are read again: the longer one may have been published before', () => {
    const [kept] = keepVersions([lowered], { entries: [before], sweep: { endedMs: 0 } })
    expect(kept).toEqual({ ...lowered, versionTimeoutSec: 900 })
    const timed = keepTimeouts(kept === undefined ? [] : [kept], [before], 0)
    expect(effectiveTimeoutSec(timed[0] ?? {}, DAY_MS / 2)).toBe(900)
  })

  it('counts as well when a sweep under way may have passed its function', () => {
    const [kept] = keepVersions([lowered], { entries: [before], sweep: { endedMs: 0, marker: '3' } })
    expect(kept).toEqual({ ...lowered, versionTimeoutSec: 900, sweptTimeoutSec: 900 })
  })

  it('is not assumed of a function whose timeout stayed or grew', () => {
    const known = { ...lowered, versionTimeoutSec: 60 }
    const swept = { entries: [known], sweep: { endedMs: 0 } }
    expect(keepVersions([lowered], swept)).toEqual([known])
    expect(keepVersions([before], swept)).toEqual([{ ...before, versionTimeoutSec: 60 }])
    expect(keepVersions([lowered], undefined)).toEqual([lowered])
  })
})
