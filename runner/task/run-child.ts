import { coerceError } from '../../core/error.ts'
import { validate } from '../../core/parameters.ts'
import type { AccountSession, Prediction, Problem, Usage } from '../../core/script.ts'
import type { ApiFunctionInfo, TaskResources } from '../host-api.ts'
import { type Capture, type CapturedLine, createCapture } from './capture.ts'
import { parseChildMessage } from './check-message.ts'
import type { ChildMessage, ReplyValue, Request, RequestBody, StartMessage } from './ipc.ts'
import { GrowingMask, maskDeep } from './mask.ts'
import * as verdicts from './outcome.ts'
import type { ChildOutcome, Verdict } from './outcome.ts'
import { MAX_OLD_SPACE_MB } from './sandbox.ts'
import { type Exit, type ProcessLimits, TaskProcess } from './task-process.ts'

export interface TaskLimits extends ProcessLimits {
  /** For loading the Startup script and the sets; it takes 0.3 s, and more only on a machine that is overloaded. */
  readonly loadMs: number
}

const LIMITS: TaskLimits = { loadMs: 30_000, graceMs: 2_000, killMs: 1_000, residentMb: 1_024 }

/** A task sends at most 16 requests at once; beyond this it is a flood. */
const MAX_REQUESTS = 64

/** A burst beyond every honest one (a problem for each of 10,000 functions), plus what 30 regions at AWS's 50 calls a second report. */
const MAX_BURST = 100_000
const MAX_MESSAGES_PER_SEC = 2_000

/** More problems than these tell a reader nothing and would make the record too large to show. */
const MAX_PROBLEMS = 1_000

export interface RunChildOptions {
  readonly start: Omit<StartMessage, 'kind'>
  /** Aborts when the host wants the task to stop: the same steps as at the deadline. */
  readonly signal: AbortSignal
  /** What must not appear in log or outcome besides the credentials that pass through onRequest. */
  readonly secretsInUse: () => readonly string[]
  /** Called before user code runs, so that the process is on record first. */
  readonly onSpawned?: (pid: number) => Promise<void>
  readonly onLoaded?: (functions: readonly ApiFunctionInfo[]) => void
  /** Rejects with the DffError that the script's own await is to throw. */
  readonly onRequest: (body: RequestBody) => Promise<ReplyValue>
  readonly onProblem: (problem: Problem) => void
  readonly onUsage: (usage: Usage) => void
  readonly onPredicted?: (prediction: Prediction) => void
  readonly onResources?: (resources: TaskResources) => void
  /** Masked, printable, in order; the end of a log beyond 20,000 characters comes when the task has ended. */
  readonly onLines: (lines: readonly CapturedLine[]) => void
  readonly env?: NodeJS.ProcessEnv
  readonly limits?: Partial<TaskLimits>
}

/** One task: what its process may say, what it is answered, and what became of it. */
class TaskRun {
  readonly #options: RunChildOptions
  readonly #limits: TaskLimits
  readonly #funcId: string
  readonly #secrets: GrowingMask
  readonly #capture: Capture
  readonly #process: TaskProcess
  readonly #notes = new Set<string>()
  readonly #answers = new Set<Promise<void>>()
  readonly #commits = new Set<Promise<void>>()
  readonly #startedMs = performance.now()
  #functions: readonly ApiFunctionInfo[] | undefined
  #deadline: NodeJS.Timeout | undefined
  #verdict: Verdict | undefined
  #isStopping = false
  #isGone = false
  #messages = 0
  #problems = 0

  constructor(options: RunChildOptions, funcId: string) {
    this.#options = options
    this.#limits = { ...LIMITS, ...options.limits }
    this.#funcId = funcId
    this.#secrets = new GrowingMask(options.secretsInUse)
    this.#capture = createCapture({ mask: () => this.#secrets.mask, onLines: options.onLines })
    this.#process = new TaskProcess(
      { kind: 'start', ...options.start },
      {
        env: options.env ?? process.env,
        limits: this.#limits,
        events: {
          onOutput: (stream, bytes) => this.#guard(() => this.#write(stream, bytes)),
          onMessage: (message) => this.#guard(() => this.#receive(message)),
          onNonsense: (got) => this.#refuse(got),
          onTooLarge: () => this.#end(verdicts.memoryVerdict(funcId, `${this.#limits.residentMb} MB`)),
        },
      },
    )
  }

  async run(): Promise<ChildOutcome> {
    const { signal } = this.#options
    const onAbort = (): void => this.#stop()
    signal.addEventListener('abort', onAbort, { once: true })
    this.#setDeadline('the Startup script to load', this.#limits.loadMs)
    await this.#start()
    const exit = await this.#process.exited
    signal.removeEventListener('abort', onAbort)
    clearTimeout(this.#deadline)
    this.#isGone = true
    // A commit under way belongs to this task: its record must not be finished before it. No other answer is waited for: one may never come.
    await Promise.allSettled(this.#commits)
    this.#secrets.refresh()
    this.#guard(() => this.#capture.finish())
    return this.#outcome(exit)
  }

  async #start(): Promise<void> {
    try {
      if (this.#process.pid !== undefined) await this.#options.onSpawned?.(this.#process.pid)
      this.#process.send({ kind: 'start', ...this.#options.start })
    } catch (error) {
      this.#end(verdicts.hostVerdict(this.#funcId, error))
    }
  }

  #write(stream: 'stdout' | 'stderr', bytes: Buffer): void {
    this.#secrets.refresh()
    this.#capture.write(stream, bytes)
  }

  #receive(value: unknown): void {
    if (this.#verdict !== undefined) return
    this.#messages += 1
    if (this.#isFlood()) return this.#refuse(`${this.#messages} messages faster than any task has use for`)
    const message = parseChildMessage(value)
    if (message === undefined) return this.#refuse('a message of another shape')
    if (this.#functions === undefined && message.kind !== 'loaded' && message.kind !== 'failed') {
      return this.#refuse(`a message of kind ${message.kind} before the script had loaded`)
    }
    this.#handle(message)
  }

  #isFlood(): boolean {
    const elapsedSec = (performance.now() - this.#startedMs) / 1_000
    return this.#messages > MAX_BURST + elapsedSec * MAX_MESSAGES_PER_SEC
  }

  #handle(message: ChildMessage): void {
    switch (message.kind) {
      case 'loaded':
        return this.#load(message.functions)
      case 'request':
        return this.#answer(message)
      case 'problem':
        return this.#report(message.problem)
      case 'usage':
        return this.#options.onUsage(message.usage)
      case 'predicted':
        return this.#options.onPredicted?.(message.prediction)
      case 'resources':
        return this.#options.onResources?.(message.resources)
      case 'done':
        return message.value.mode === this.#options.start.mode
          ? this.#finish({ kind: 'done', value: message.value })
          : this.#refuse(`a result of mode ${message.value.mode}`)
      case 'failed':
        return this.#finish(this.#isStopping ? verdicts.stoppedVerdict(this.#funcId) : message)
      default:
        return message satisfies never
    }
  }

  #load(functions: readonly ApiFunctionInfo[]): void {
    if (this.#functions !== undefined) return this.#refuse('a second list of functions')
    this.#functions = functions
    if (this.#options.start.mode !== 'inspect') {
      const own = functions.find(({ funcId }) => funcId === this.#funcId)
      if (own === undefined) return this.#refuse('a list of functions without the one that was called')
      if (!Object.hasOwn(this.#options.start.sinks, own.connectorId)) {
        return this.#refuse(`the connector ${own.connectorId}, which is not set`)
      }
      this.#setDeadline('the function to end', own.timeoutSec * 1_000)
    }
    this.#options.onLoaded?.(functions)
  }

  #report(problem: Problem): void {
    this.#problems += 1
    if (this.#problems <= MAX_PROBLEMS) this.#options.onProblem(maskDeep(problem, this.#secrets.refresh()))
  }

  #answer(request: Request): void {
    if (this.#answers.size >= MAX_REQUESTS) return this.#refuse(`more than ${MAX_REQUESTS} requests at once`)
    const answer = this.#reply(request).finally(() => {
      this.#answers.delete(answer)
      this.#commits.delete(answer)
    })
    this.#answers.add(answer)
    if (request.body.kind === 'commit') this.#commits.add(answer)
  }

  async #reply({ requestId, body }: Request): Promise<void> {
    try {
      if (body.kind === 'credentials') validate('account', body.account, 'account')
      const value = await this.#options.onRequest(body)
      if (this.#isGone) return
      if (body.kind === 'credentials') this.#learn(value)
      this.#process.send({ kind: 'reply', requestId, ok: true, value })
    } catch (error) {
      this.#process.send({ kind: 'reply', requestId, ok: false, error: coerceError(error, body.kind).parts })
    }
  }

  /** From now on what the task was given is hidden wherever it turns up. */
  #learn(session: ReplyValue): void {
    const { secretAccessKey, sessionToken, note } = session as AccountSession // what a request for credentials is answered
    this.#secrets.learn([secretAccessKey, sessionToken])
    if (note === undefined || this.#notes.has(note)) return
    this.#notes.add(note)
    this.#secrets.refresh()
    this.#capture.note(note)
  }

  /** A result has come: the process now ends by itself, or is ended. */
  #finish(verdict: Verdict): void {
    this.#verdict = verdict
    this.#process.endSoon()
  }

  /** Whatever else the process would say no longer counts. */
  #end(verdict: Verdict): void {
    this.#verdict ??= verdict
    this.#process.kill()
  }

  #refuse(got: string): void {
    this.#end(verdicts.nonsenseVerdict(this.#funcId, got))
  }

  #setDeadline(what: string, limitMs: number): void {
    clearTimeout(this.#deadline)
    this.#deadline = setTimeout(() => {
      this.#verdict ??= verdicts.timeoutVerdict(this.#funcId, what, limitMs)
      this.#stop()
    }, limitMs)
  }

  #stop(): void {
    this.#isStopping = true
    this.#process.stop()
  }

  /** The host's callbacks run inside event handlers: what they throw must end this task, not the host. */
  #guard(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.#end(verdicts.hostVerdict(this.#funcId, error))
    }
  }

  #outcome(exit: Exit): ChildOutcome {
    const verdict = this.#verdict ?? this.#judge(exit)
    return { ...maskDeep(verdict, this.#secrets.refresh()), functions: this.#functions ?? [] }
  }

  /** The process is gone and never said how its task ended. */
  #judge({ code, signal, spawnError }: Exit): Verdict {
    if (spawnError !== undefined) return verdicts.spawnVerdict(this.#funcId, spawnError)
    if (this.#isStopping) return verdicts.stoppedVerdict(this.#funcId)
    if (this.#capture.hasHeapMessage()) {
      return verdicts.memoryVerdict(this.#funcId, `${MAX_OLD_SPACE_MB} MB of JavaScript heap`)
    }
    return verdicts.exitVerdict(this.#funcId, code, signal)
  }
}

/** Runs one task in a process of its own and says how it ended; never rejects for anything the process does. */
export async function runChild(options: RunChildOptions): Promise<ChildOutcome> {
  const { scriptId, exportName } = options.start
  const funcId = exportName === '' ? scriptId : `${scriptId}.${exportName}`
  if (options.signal.aborted) return { ...verdicts.stoppedVerdict(funcId), functions: [] }
  try {
    return await new TaskRun(options, funcId).run()
  } catch (error) {
    return { ...verdicts.spawnVerdict(funcId, error), functions: [] }
  }
}
