/**
 * The closed error family. Every error a user can meet has a code of this table; the code decides the exit code and
 * whether trying again can help. Exit codes: 1 the thing asked for failed, 2 bad usage or parameters, 3 the
 * environment lacks something.
 */
const ERROR_TABLE = {
  BAD_USAGE: { exit: 2, retry: 'never' },
  BAD_PARAMETER: { exit: 2, retry: 'never' },
  UNKNOWN_SET: { exit: 2, retry: 'never' },
  UNKNOWN_TARGET: { exit: 2, retry: 'never' },
  UNKNOWN_NAME: { exit: 2, retry: 'never' },
  BAD_CRON: { exit: 2, retry: 'never' },
  SCRIPT_INVALID: { exit: 2, retry: 'never' },
  SCRIPT_EDITED: { exit: 2, retry: 'never' },
  NOT_INSTALLED: { exit: 2, retry: 'never' },
  LISTING_INVALID: { exit: 1, retry: 'never' },
  DIGEST_MISMATCH: { exit: 1, retry: 'never' },
  TASK_FAILED: { exit: 1, retry: 'later' },
  TASK_TIMEOUT: { exit: 1, retry: 'later' },
  LEASE_LOST: { exit: 1, retry: 'later' },
  OUTBOX_FULL: { exit: 1, retry: 'later' },
  CHECK_FAILED: { exit: 1, retry: 'later' },
  ISOLATION: { exit: 1, retry: 'never' },
  INTERNAL: { exit: 1, retry: 'never' },
  NOT_GRANTED: { exit: 3, retry: 'never' },
  NO_CREDENTIALS: { exit: 3, retry: 'never' },
  CREDENTIALS_REFUSED: { exit: 3, retry: 'never' },
  NO_SECRET: { exit: 3, retry: 'never' },
  KEY_MISMATCH: { exit: 3, retry: 'never' },
  SINK_REFUSED: { exit: 3, retry: 'never' },
  SINK_DOWN: { exit: 3, retry: 'later' },
  HOME_UNUSABLE: { exit: 3, retry: 'never' },
  HOME_BUSY: { exit: 3, retry: 'later' },
  STORE_CORRUPT: { exit: 3, retry: 'never' },
  WRONG_NODE: { exit: 3, retry: 'never' },
  AWS_UNREACHABLE: { exit: 3, retry: 'later' },
} as const satisfies Record<string, { exit: 1 | 2 | 3; retry: 'never' | 'later' }>

export type ErrorCode = keyof typeof ERROR_TABLE

/** The four things an error owes its reader. `got` never carries the value of a secret. */
export interface ErrorParts {
  readonly code: ErrorCode
  /** Where: a file with line, a parameter path, a flag, a table. */
  readonly place: string
  readonly expected: string
  readonly got: string
  /** What to do next, as a sentence. */
  readonly remedy: string
}

/** An error a user can act on. `toJSON` is what crosses the socket and what `--json` prints. */
export class DffError extends Error {
  readonly code: ErrorCode
  readonly parts: ErrorParts

  constructor(parts: ErrorParts, options?: ErrorOptions) {
    super(`${parts.place}: expected ${parts.expected}, got ${parts.got}. ${parts.remedy}`, options)
    this.name = 'DffError'
    this.code = parts.code
    this.parts = parts
  }

  toJSON(): ErrorParts & { readonly message: string } {
    return { ...this.parts, message: this.message }
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_TABLE, value)
}

export function exitCodeOf(code: ErrorCode): 1 | 2 | 3 {
  return ERROR_TABLE[code].exit
}

export function isWorthRetrying(code: ErrorCode): boolean {
  return ERROR_TABLE[code].retry === 'later'
}

/** Any thrown thing as a DffError: user code may throw strings, and a record needs a code and a sentence for each. */
export function coerceError(thrown: unknown, place: string): DffError {
  if (thrown instanceof DffError) return thrown
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  return new DffError(
    {
      code: 'INTERNAL',
      place,
      expected: 'no exception',
      got: text === '' ? 'an error without a message' : text,
      remedy: 'The stack is in the task log; report it if it is not from your own script.',
    },
    { cause: thrown },
  )
}
