import type { Written } from '../../../scripts/guance_aws_cloudwatch/written.ts'

const NONE: ReadonlySet<string> = new Set()

/** Lines that were all written with the fields of today, and digests of all of them. */
export const WHOLE: Written = {
  lackedAt: () => NONE,
  isWholeAt: () => true,
  isBlankAt: () => true,
  belongsAt: () => true,
  isApartAt: () => false,
}
