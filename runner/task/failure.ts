import { inspect } from 'node:util'
import { DffError, type ErrorParts } from '../../core/error.ts'
import type { Mask } from './mask.ts'
import type { CodeMap } from './resolve.ts'

/** A task's failure as it crosses to the host. */
export interface Failure {
  readonly error: ErrorParts
  /** Class of the exception as Func's record shows it; the code for our own errors. */
  readonly exceptionType: string
  readonly stack: string
}

/** Errors nest by `cause` and `errors`; deeper chains than this are loops or nonsense. */
const MAX_DEPTH = 8

/** What a failure is told with: where user code lies, and what no text may show. A text is masked before it is cut. */
export interface Telling {
  readonly code: CodeMap
  readonly mask: Mask
}

/** Longer messages are essays of a library; the whole text is in the log. */
const MAX_MESSAGE = 500

/** The host refuses longer messages as a flood; a script may throw a megabyte. */
const MAX_PART = 4_000
const MAX_STACK = 32_000
const MAX_TYPE = 200

interface AccessDenied {
  readonly permission: string
  readonly resource: string
}

/** Node's permission names in words that say what was tried. */
const ATTEMPTS: Readonly<Record<string, string>> = {
  FileSystemRead: 'a read of',
  FileSystemWrite: 'a write to',
  ChildProcess: 'a start of the program',
  WorkerThreads: 'a start of a thread',
  WASI: 'a start of WASI',
  Inspector: 'a start of the debugger',
  Addon: 'a load of the native addon',
  Net: 'a network connection',
  // Of restrict.ts.
  Signal: 'a signal to the process',
  Priority: 'a change of the priority of the process',
  LocalSocket: 'a use of the local socket',
  V8Flags: 'a change of the flags',
}

/** Whatever a script put where a text belongs: it is not type-checked when it runs. */
function showText(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value)
}

function findDenied(thrown: unknown, depth = 0): AccessDenied | undefined {
  if (typeof thrown !== 'object' || thrown === null || depth > MAX_DEPTH) return undefined
  const { code, permission, resource, cause, errors } = thrown as Record<string, unknown>
  if (code === 'ERR_DLOPEN_DISABLED') return { permission: 'Addon', resource: '' }
  if (code === 'ERR_ACCESS_DENIED') {
    return { permission: showText(permission), resource: resource === undefined ? '' : showText(resource) }
  }
  const inner = [cause, ...(Array.isArray(errors) ? (errors as readonly unknown[]) : [])]
  return inner.map((error) => findDenied(error, depth + 1)).find((found) => found !== undefined)
}

function isolationError({ permission, resource }: AccessDenied, place: string, described: string): DffError {
  // Some of Node's refusals name neither permission nor resource; their own sentence is then all there is.
  const attempt = permission === '' ? described : (ATTEMPTS[permission] ?? `the use of ${permission}`)
  return new DffError({
    code: 'ISOLATION',
    place,
    expected: 'nothing outside the task: no files of the machine, no other programs',
    got: `${attempt} ${resource}`.trim(),
    remedy:
      'A task reads its own code, speaks to AWS and hands its points to the host; do the rest outside the script. If the script is not yours, do not trust it.',
  })
}

/** Few subclasses set their name; then the class is what tells them apart. */
function nameOf(thrown: unknown): string {
  if (thrown instanceof DffError) return thrown.code
  if (!(thrown instanceof Error)) return typeof thrown
  return thrown.name === 'Error' ? showText(thrown.constructor?.name ?? thrown.name) : thrown.name
}

function describe(thrown: unknown, mask: Mask): string {
  const text =
    thrown instanceof Error
      ? `${thrown.name}: ${thrown.message}`
      : `a thrown ${typeof thrown}: ${showText(thrown)}`
  const oneLine = mask(text).replaceAll(/\s+/g, ' ').trim()
  return oneLine.length <= MAX_MESSAGE ? oneLine : `${oneLine.slice(0, MAX_MESSAGE)}…`
}

/** `file:///…/a.ts:3:5` and `file:///…/a.ts:3` in a stack, as the place in user code they stand for. */
function showPlaces(text: string, code: CodeMap): string {
  return text.replaceAll(/file:\/\/[^\s():]+/g, (url) => code.show(url) ?? url)
}

interface Place {
  /** `file:line` */
  readonly text: string
  readonly isStartup: boolean
}

/** Places in user code that a stack names, innermost first. */
function placesIn(stack: string, code: CodeMap): Place[] {
  return [...stack.matchAll(/(file:\/\/[^\s():]+):(\d+)/g)].flatMap(([, url = '', line = '']) => {
    const file = code.show(url)
    return file === undefined ? [] : [{ text: `${file}:${line}`, isStartup: code.isStartup(url) }]
  })
}

function placeIn(stack: string, code: CodeMap): string | undefined {
  return placesIn(stack, code)[0]?.text
}

/** A set refuses a parameter, but it is corrected where the Startup script hands it over. */
function parameterPlaceIn(stack: string, code: CodeMap): string | undefined {
  const places = placesIn(stack, code)
  return (places.find(({ isStartup }) => isStartup) ?? places[0])?.text
}

function isFrame(line: string): boolean {
  return /^\s+at /.test(line)
}

/** Frames of user code alone, as Func's traceback; all of them when user code has none. */
function userStack(thrown: unknown, { code, mask }: Telling): string {
  if (!(thrown instanceof Error) || typeof thrown.stack !== 'string') return describe(thrown, mask)
  const lines = thrown.stack.split('\n')
  const hasPlace = (line: string): boolean => placeIn(line, code) !== undefined
  const kept = lines.some((line) => isFrame(line) && hasPlace(line))
    ? lines.filter((line) => !isFrame(line) || hasPlace(line))
    : lines
  return showPlaces(kept.join('\n'), code)
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? String(thrown.stack) : ''
}

function withPlace(error: DffError, place: string | undefined): DffError {
  const file = place?.replace(/:\d+$/, '')
  if (place === undefined || file === undefined || error.parts.place.includes(file)) return error
  return new DffError({ ...error.parts, place: `${place}: ${error.parts.place}` }, { cause: error })
}

function makeFailure(error: DffError, exceptionType: string, stack: string, mask: Mask): Failure {
  const { code, place, expected, got, remedy } = error.parts
  const cut = (part: unknown, length = MAX_PART): string => mask(showText(part)).slice(0, length)
  return {
    error: { code, place: cut(place), expected: cut(expected), got: cut(got), remedy: cut(remedy) },
    exceptionType: cut(exceptionType, MAX_TYPE),
    stack: cut(stack, MAX_STACK),
  }
}

/** What a script threw while it ran. */
export function describeRunFailure(thrown: unknown, scriptId: string, telling: Telling): Failure {
  const { code, mask } = telling
  const stack = stackOf(thrown)
  const place = placeIn(stack, code) ?? scriptId
  const denied = findDenied(thrown)
  const error =
    thrown instanceof DffError
      ? thrown
      : denied === undefined
        ? new DffError({
            code: 'TASK_FAILED',
            place,
            expected: 'the script to end without an exception',
            got: describe(thrown, mask),
            remedy: 'What was committed before is kept. The stack is in the task log.',
          })
        : isolationError(denied, place, describe(thrown, mask))
  const type = denied === undefined ? nameOf(thrown) : error.code
  return makeFailure(error, type, userStack(thrown, telling), mask)
}

const LOAD_ADVICE: Readonly<Record<string, { readonly expected: string; readonly remedy: string }>> = {
  ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX: {
    expected: 'TypeScript from which only types need to be removed',
    remedy:
      'Write enums as unions of strings, parameter properties as fields and namespaces as modules: scripts run without a compiler.',
  },
  ERR_INVALID_TYPESCRIPT_SYNTAX: {
    expected: 'valid TypeScript',
    remedy: 'Correct the syntax at this place and deploy or execute again.',
  },
}

function loadError(thrown: unknown, place: string, mask: Mask): DffError {
  const code = thrown instanceof Error ? String((thrown as NodeJS.ErrnoException).code) : ''
  const advice = LOAD_ADVICE[code] ?? {
    expected: 'a script that loads',
    remedy: 'Correct the script at this place and deploy or execute again.',
  }
  return new DffError({ code: 'SCRIPT_INVALID', place, ...advice, got: describe(thrown, mask) })
}

/** What kept a Startup script from loading, with the place in its text; `fallback` is the file loaded last. */
export function describeLoadFailure(thrown: unknown, fallback: string, telling: Telling): Failure {
  const { code, mask } = telling
  const stack = stackOf(thrown)
  const place = placeIn(stack, code)
  const denied = findDenied(thrown)
  const error =
    thrown instanceof DffError
      ? withPlace(thrown, thrown.code === 'BAD_PARAMETER' ? parameterPlaceIn(stack, code) : place)
      : denied === undefined
        ? loadError(thrown, place ?? fallback, mask)
        : isolationError(denied, place ?? fallback, describe(thrown, mask))
  return makeFailure(error, error.code, userStack(thrown, telling), mask)
}
