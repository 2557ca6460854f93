import type { EpochMs } from '../../core/time.ts'
import type { ReceivedPoint } from '../receiver/stored-point.ts'
import type { Simulation } from '../simulation.ts'
import { existsAt, memoryMbAt, timeoutSecAt } from '../truth/change.ts'
import type { Lambda } from '../truth/lambda.ts'
import { tagsAt } from '../truth/lambda-tags.ts'
import { judgeEvents } from './event-audit.ts'
import { indexInventory, type InventoryIndex, lambdaKey } from './inventory-index.ts'

/** What is compared: functions, as they are now, with what the receiver holds of them. */
export interface InventoryQuestion {
  readonly accountIds: readonly string[]
  readonly regions: readonly string[]
  /** Of the first listing: what happened since is to be told. */
  readonly sinceMs: EpochMs
  /** What happened later may not have been seen. */
  readonly untilMs: EpochMs
  /** Tags of objects and metrics by the AWS resource tag that they are. */
  readonly tags: Readonly<Record<string, string>>
  readonly samples: number
}

/** Differences of one kind of thing. */
export interface Tally {
  expected: number
  missing: number
  wrong: number
  extra: number
}

export interface InventoryReport {
  readonly objects: Tally
  readonly events: Tally
  /** Functions with metrics, by the tags of their newest ones. */
  readonly metricTags: Tally
  readonly samples: string[]
}

/** Notes one difference and, of the first ones, what it is. */
export type Note = (tally: Tally, kind: 'missing' | 'wrong' | 'extra', text: string) => void

const DELETED = 'Deleted'

function newTally(): Tally {
  return { expected: 0, missing: 0, wrong: 0, extra: 0 }
}

function keyOf({ accountId, region, name }: Lambda): string {
  return lambdaKey(accountId, region, name)
}

class InventoryAudit {
  readonly report: InventoryReport = {
    objects: newTally(),
    events: newTally(),
    metricTags: newTally(),
    samples: [],
  }
  readonly #simulation: Simulation
  readonly #question: InventoryQuestion
  readonly #index: InventoryIndex
  readonly #nowMs: EpochMs

  constructor(simulation: Simulation, question: InventoryQuestion) {
    this.#simulation = simulation
    this.#question = question
    this.#index = indexInventory(simulation.receiver.received)
    this.#nowMs = simulation.clock.nowMs()
  }

  run(): InventoryReport {
    const { accountIds, regions } = this.#question
    const { fleet } = this.#simulation.truth
    const places = accountIds.flatMap((accountId) => regions.map((region) => ({ accountId, region })))
    const lambdas = places.flatMap(({ accountId, region }) => fleet.lambdas(accountId, region))
    const listed = lambdas.filter(({ isListed }) => isListed)
    for (const lambda of listed) this.#judge(lambda)
    this.#findStrangers(new Set(listed.map(keyOf)))
    return this.report
  }

  #judge(lambda: Lambda): void {
    const { sinceMs, untilMs } = this.#question
    const key = keyOf(lambda)
    this.#judgeObject(lambda, this.#index.objects.get(key))
    this.#judgeMetric(lambda, this.#index.newest.get(key))
    const events = this.#index.events.get(key) ?? []
    judgeEvents({ lambda, events, sinceMs, untilMs }, this.report.events, this.#note)
  }

  /** What is held of functions that never were. */
  #findStrangers(known: ReadonlySet<string>): void {
    const { accountIds } = this.#question
    const isStrange = (key: string): boolean =>
      !known.has(key) && accountIds.some((accountId) => key.startsWith(`${accountId}/`))
    for (const key of this.#index.objects.keys()) {
      if (isStrange(key)) this.#note(this.report.objects, 'extra', `object of ${key}`)
    }
    for (const key of this.#index.events.keys()) {
      if (isStrange(key)) this.#note(this.report.events, 'extra', `event of ${key}`)
    }
  }

  readonly #note: Note = (tally, kind, text) => {
    tally[kind]++
    if (this.report.samples.length < this.#question.samples) this.report.samples.push(`${kind}: ${text}`)
  }

  /** The first tag that is not as AWS has it; undefined when all are. */
  #wrongTag(lambda: Lambda, tags: Readonly<Record<string, string>>): string | undefined {
    const truth = tagsAt(lambda, this.#nowMs) ?? {}
    const wrong = Object.entries(this.#question.tags).find(
      ([key, name]) => (truth[key] ?? '') !== (tags[name] ?? ''),
    )
    return (
      wrong && `tag ${wrong[1]} is ${tags[wrong[1]] ?? 'not there'}, AWS has ${truth[wrong[0]] ?? 'none'}`
    )
  }

  #judgeObject(lambda: Lambda, held: ReceivedPoint | undefined): void {
    const { objects } = this.report
    const where = `object of ${lambda.accountId}/${lambda.region}/${lambda.name}`
    const isThere = existsAt(lambda, this.#nowMs)
    const wasThere = existsAt(lambda, this.#question.sinceMs)
    if (!isThere && !wasThere) {
      // One that came and went again may have been seen.
      if (held && held.fields['State'] !== DELETED) this.#note(objects, 'extra', where)
      return
    }
    objects.expected++
    if (!held) {
      this.#note(objects, 'missing', where)
      return
    }
    const fault = isThere ? this.#faultOf(lambda, held) : deletionFault(held)
    if (fault !== undefined) this.#note(objects, 'wrong', `${where}: ${fault}`)
  }

  #faultOf(lambda: Lambda, { fields, tags }: ReceivedPoint): string | undefined {
    const truth = {
      MemorySize: memoryMbAt(lambda, this.#nowMs),
      Timeout: timeoutSecAt(lambda, this.#nowMs),
      State: undefined,
    }
    const wrong = Object.entries(truth).find(([field, value]) => fields[field] !== value)
    if (wrong) return `${wrong[0]} is ${fields[wrong[0]]}, AWS has ${wrong[1]}`
    return this.#wrongTag(lambda, tags)
  }

  #judgeMetric(lambda: Lambda, tags: Readonly<Record<string, string>> | undefined): void {
    if (tags === undefined || !existsAt(lambda, this.#nowMs)) return
    this.report.metricTags.expected++
    const wrong = this.#wrongTag(lambda, tags)
    if (wrong === undefined) return
    this.#note(
      this.report.metricTags,
      'wrong',
      `metrics of ${lambda.accountId}/${lambda.region}/${lambda.name}: ${wrong}`,
    )
  }
}

function deletionFault({ fields }: ReceivedPoint): string | undefined {
  return fields['State'] === DELETED ? undefined : 'it is not marked as deleted'
}

/** Compares objects, events and the tags of the newest metrics with the functions that there are at the simulator's now. */
export function auditInventory(simulation: Simulation, question: InventoryQuestion): InventoryReport {
  return new InventoryAudit(simulation, question).run()
}
