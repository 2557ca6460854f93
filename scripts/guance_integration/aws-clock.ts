import type { EpochMs, Problem } from 'guance-aws-lambda/dff'

/** Beyond this, minutes would be taken as complete before they are, or left waiting for long. */
const MAX_SKEW_MS = 60_000

/** AWS's time, learnt from the `Date` header of its replies, so that a wrong local clock never makes an unsettled minute final. */
export interface AwsClock {
  /** Takes the value of a reply's Date header; anything else is ignored. */
  observe(dateHeader: string | undefined): void
  /** AWS's time now, to the second; the local time until a reply has come. */
  awsNowMs(): EpochMs
  /** Whether a reply has said what AWS's time is. */
  isKnown(): boolean
}

interface AwsClockOptions {
  readonly scope: string
  readonly report: (problem: Problem) => void
  readonly now?: () => EpochMs
}

/** Reports `clock-skew` once when the local clock is more than a minute away. */
export function makeAwsClock({ scope, report, now = Date.now }: AwsClockOptions): AwsClock {
  let offsetMs = 0
  let isReported = false
  let isKnown = false
  return {
    observe(dateHeader) {
      const awsMs = dateHeader === undefined ? Number.NaN : Date.parse(dateHeader)
      if (Number.isNaN(awsMs)) return
      offsetMs = awsMs - now()
      isKnown = true
      if (isReported || Math.abs(offsetMs) <= MAX_SKEW_MS) return
      isReported = true
      const seconds = Math.round(Math.abs(offsetMs) / 1000)
      const direction = offsetMs > 0 ? 'behind' : 'ahead of'
      report({
        code: 'clock-skew',
        severity: 'warning',
        scope,
        message: `This machine's clock is ${seconds} s ${direction} AWS. Windows end by AWS's time; let NTP correct the clock.`,
      })
    },
    awsNowMs: () => now() + offsetMs,
    isKnown: () => isKnown,
  }
}
