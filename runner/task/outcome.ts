import { DffError, type ErrorParts } from '../../core/error.ts'
import type { ApiFunctionInfo } from '../host-api.ts'
import type { TaskValue } from './ipc.ts'

/** How a task process ended, whatever it said or did; texts are masked. */
export type ChildOutcome = Verdict & {
  /** Empty when the Startup script never loaded. */
  readonly functions: readonly ApiFunctionInfo[]
}

export type Verdict =
  | { readonly kind: 'done'; readonly value: TaskValue }
  | {
      /** `timeout` is the deadline's alone: a child cannot turn it into anything else. */
      readonly kind: 'failed' | 'timeout'
      readonly error: ErrorParts
      /** Class of the exception, or the code of our own errors: the record's exceptionType. */
      readonly exceptionType: string
      readonly stack: string
    }

function verdict(kind: 'failed' | 'timeout', parts: ErrorParts): Verdict {
  return { kind, error: parts, exceptionType: parts.code, stack: '' }
}

/** The deadline passed. `what` is what should have ended by then. */
export function timeoutVerdict(place: string, what: string, limitMs: number): Verdict {
  return verdict('timeout', {
    code: 'TASK_TIMEOUT',
    place,
    expected: `${what} within ${limitMs / 1000} s`,
    got: 'a task that was still at it',
    remedy:
      'What it had committed is kept. Raise timeout in DFF.API (at most 3600 s), or collect less in one Startup script.',
  })
}

/** The host asked the task to stop, and it did not end by itself in time. */
export function stoppedVerdict(place: string): Verdict {
  return verdict('failed', {
    code: 'TASK_FAILED',
    place,
    expected: 'a run to its end',
    got: 'a stop asked for by the host',
    remedy: 'What it had committed is kept; the next run goes on from there.',
  })
}

/** The process said something that no task says: it is broken or hostile. */
export function nonsenseVerdict(place: string, got: string): Verdict {
  return verdict('failed', {
    code: 'ISOLATION',
    place,
    expected: 'only messages of the task protocol',
    got,
    remedy:
      'The task was ended. Scripts use the context they are given and nothing else; if the script is not yours, do not trust it.',
  })
}

/** The process holds more memory than one task may. */
export function memoryVerdict(place: string, limit: string): Verdict {
  return verdict('failed', {
    code: 'TASK_FAILED',
    place,
    expected: `a task that needs less memory than ${limit}`,
    got: 'more',
    remedy:
      'The task was ended; what it had committed is kept. Commit smaller slices, or collect fewer regions in one Startup script.',
  })
}

/** No process could be made. */
export function spawnVerdict(place: string, thrown: unknown): Verdict {
  if (thrown instanceof DffError) return verdict('failed', thrown.parts)
  return verdict('failed', {
    code: 'TASK_FAILED',
    place,
    expected: 'a process for the task',
    got: thrown instanceof Error ? thrown.message : String(thrown),
    remedy: 'Look at the limits on processes and memory of this machine.',
  })
}

/** The host's own part of a task failed; a defect of ours, or a store that is gone. */
export function hostVerdict(place: string, thrown: unknown): Verdict {
  if (thrown instanceof DffError) return verdict('failed', thrown.parts)
  return verdict('failed', {
    code: 'INTERNAL',
    place,
    expected: 'the host to handle what the task reported',
    got: thrown instanceof Error ? thrown.message : String(thrown),
    remedy: 'This is a defect of the host: report it with the task log.',
  })
}

/** The process is gone and has not said how its task ended. */
export function exitVerdict(place: string, code: number | null, signal: string | null): Verdict {
  const how = signal === null ? `exit code ${String(code)}` : `signal ${signal}`
  return verdict('failed', {
    code: 'TASK_FAILED',
    place,
    expected: 'a result from the task',
    got: `the end of its process (${how}) without one`,
    remedy:
      signal === null
        ? 'A script returns from its function and never calls process.exit. The task log may say more.'
        : 'Something outside the host ended it, often the system for want of memory; the task log may say more.',
  })
}
