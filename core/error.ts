/**
 * The closed error family. Every error a user can meet has a code of this table, which decides the exit code: 1 the
 * thing asked for failed, 2 bad usage or parameters, 3 the environment lacks something.
 */
const EXIT_CODES = {
  BAD_USAGE: 2,
  BAD_PARAMETER: 2,
  UNKNOWN_SET: 2,
  UNKNOWN_TARGET: 2,
  UNKNOWN_NAME: 2,
  BAD_CRON: 2,
  SCRIPT_INVALID: 2,
  SCRIPT_EDITED: 2,
  NOT_INSTALLED: 2,
  BACKUP_REFUSED: 2,
  LISTING_INVALID: 1,
  DIGEST_MISMATCH: 1,
  TASK_FAILED: 1,
  TASK_TIMEOUT: 1,
  LEASE_LOST: 1,
  OUTBOX_FULL: 1,
  STATE_FULL: 1,
  BUDGET_SPENT: 1,
  CHECK_FAILED: 1,
  ISOLATION: 1,
  INTERNAL: 1,
  NOT_GRANTED: 3,
  NO_CREDENTIALS: 3,
  CREDENTIALS_REFUSED: 3,
  NO_SECRET: 3,
  KEY_MISMATCH: 3,
  SINK_REFUSED: 3,
  SINK_DOWN: 3,
  HOME_UNUSABLE: 3,
  HOME_BUSY: 3,
  PORT_UNUSABLE: 3,
  STORE_CORRUPT: 3,
  WRONG_NODE: 3,
  AWS_UNREACHABLE: 3,
} as const satisfies Record<string, 1 | 2 | 3>

export type ErrorCode = keyof typeof EXIT_CODES

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
  return typeof value === 'string' && Object.hasOwn(EXIT_CODES, value)
}

export function exitCodeOf(code: ErrorCode): 1 | 2 | 3 {
  return EXIT_CODES[code]
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
