/** What AWS answers instead of working. */
const REFUSALS = ['throttle', 'error500', 'error503', 'expiredToken', 'denied'] as const

/** What becomes of a good answer on its way. */
const BENT_REPLIES = ['hang', 'stall', 'close', 'cut', 'brokenBody', 'htmlBody', 'emptyBody'] as const

/** How a list or a result comes in pages. */
const PAGE_FAULTS = ['partialPage', 'emptyPage', 'repeatedPage', 'oddOrder'] as const

/** What is wrong with every other result of a GetMetricData page, the first included. */
const RESULT_FAULTS = [
  'internalError',
  'internalErrorAlone',
  'forbidden',
  'missingResult',
  'shortValues',
  'nanValue',
  'nullValue',
  'textValue',
] as const

export const FAULT_KINDS = [...REFUSALS, ...BENT_REPLIES, ...PAGE_FAULTS, ...RESULT_FAULTS] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

/**
 * What a random fault may be unless told: everything that a careful client survives within a run. Left out are those that
 * end a wait only by its timeout, that AWS means for good, and a result that is left out, which is indistinguishable from silence.
 */
export const CHAOS_KINDS: readonly FaultKind[] = [
  'throttle',
  'error500',
  'error503',
  'close',
  'cut',
  'brokenBody',
  'htmlBody',
  'emptyBody',
  ...PAGE_FAULTS,
  'internalError',
  'internalErrorAlone',
  'shortValues',
  'nanValue',
  'nullValue',
  'textValue',
]

const GET_METRIC_DATA = 'cloudwatch:GetMetricData'
const PAGED: readonly string[] = [
  GET_METRIC_DATA,
  'cloudwatch:ListMetrics',
  'lambda:ListFunctions',
  'lambda:ListEventSourceMappings',
  'tag:GetResources',
  'organizations:ListAccounts',
  'organizations:ListAccountsForParent',
  'organizations:ListOrganizationalUnitsForParent',
  'logs:FilterLogEvents',
]

/** Whether an API can fail in this way. */
export function canFail(kind: FaultKind, api: string): boolean {
  if (RESULT_FAULTS.some((each) => each === kind)) return api === GET_METRIC_DATA
  if (kind === 'emptyPage' && api.startsWith('ce:')) return true
  return !PAGE_FAULTS.some((each) => each === kind) || PAGED.includes(api)
}

/** Whether an IAM action is meant by a name, or by the beginning of one before `*`. */
export function isAction(pattern: string, action: string): boolean {
  return pattern.endsWith('*') ? action.startsWith(pattern.slice(0, -1)) : pattern === action
}
