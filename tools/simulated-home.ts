import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { SinkTraits } from '../core/script.ts'
import { type EpochMs, MINUTE_MS } from '../core/time.ts'
import { openClient } from '../runner/client.ts'
import type { PricedPlan } from '../runner/cost/priced-plan.ts'
import type { Backlog, FormValues, HostClient, TaskRecord } from '../runner/host-api.ts'
import { type SimulatorProcess, startSimulatorProcess } from './simulator-process.ts'

const SIMULATOR = fileURLToPath(new URL('../simulator/main.ts', import.meta.url))
const LAMBDA = 'guance_aws_lambda'
const BILLING = 'guance_aws_billing'

const DELIVERY_LOOK_MS = 50
const DELIVERY_LIMIT_MS = 10 * MINUTE_MS

export interface SimulatedHomeOptions {
  /** Flags of the simulator; `--now`, or `now` in the fleet file, is where its clock stands first. */
  readonly simulatorArgs: readonly string[]
  /** What the connector says of its store. */
  readonly sink: SinkTraits
  /** What is deployed; the Lambda set when it is left out. */
  readonly setId?: string
  /** Of the install form, beside keys and regions. */
  readonly parameters?: FormValues
}

/** One press of Execute. */
export interface Poll {
  readonly record: TaskRecord
  readonly backlog: Backlog
  /** Delivery included. */
  readonly wallMs: number
  /** Of this process meanwhile: host and sender, and the little that the caller does. */
  readonly hostCpuMs: number
}

/**
 * The package as a user has it: a home with a set deployed, its host in this process, tasks as processes of
 * their own, AWS and Guance as a simulator process. Simulated time lies in the past, because Execute refuses the future.
 */
export interface SimulatedHome {
  readonly simulator: SimulatorProcess
  /** The home's folder. */
  readonly root: string
  /** Calls the simulator's control API: `GET` without a body, else `POST`. */
  control<T>(path: string, body?: object): Promise<T>
  /** Sets the simulator's clock, lets it run on, and executes as of then; what failed is in the record. */
  pollAt(atMs: EpochMs, functionName?: string): Promise<Poll>
  /** Sets the simulator's clock and asks what polls will cost from then on. */
  planAt(atMs: EpochMs): Promise<PricedPlan>
  /** Executes as of now, for a simulator whose clock reads real time. */
  pollNow(): Promise<Poll>
  /** Waits until nothing waits for the store any more; rejects after ten minutes. */
  untilDelivered(): Promise<void>
  /** Closes the host; the next call opens it again, as the next command would. */
  reopen(): Promise<void>
  close(): Promise<void>
}

/** Edits a deployed Startup script so that no call for each function is made. Throws where the script has another form. */
export function turnDetailsOff(scriptPath: string): void {
  const text = readFileSync(scriptPath, 'utf8')
  const edited = text.replace('CollectorConfigs = {', 'CollectorConfigs = {\n  details: false,')
  if (edited === text) throw new Error(`${scriptPath} has no collectorConfigs to turn details off in`)
  writeFileSync(scriptPath, edited)
}

class Home implements SimulatedHome {
  readonly simulator: SimulatorProcess
  readonly root: string
  readonly #setId: string
  #client: HostClient | undefined

  constructor(simulator: SimulatorProcess, root: string, setId: string) {
    this.#setId = setId
    this.simulator = simulator
    this.root = root
  }

  async #host(): Promise<HostClient> {
    this.#client ??= await openClient(this.root, { command: 'simulated home' })
    return this.#client
  }

  async deploy(sink: SinkTraits, more: FormValues): Promise<void> {
    const { info, key } = this.simulator
    process.env['AWS_ENDPOINT_URL'] = info.url
    const host = await this.#host()
    const config = { type: 'datakit', url: info.datakitUrl, ...sink } as const
    await host.call('connector.set', { id: 'default', config, token: null })
    const setId = this.#setId
    const own =
      setId === BILLING
        ? { account_name: 'simulated', account_id: key.accountId }
        : { regions: [...info.regions] }
    const parameters = { ak_id: key.accessKeyId, ak_secret: key.secretAccessKey, ...own, ...more }
    await host.call('install', { setId, parameters, force: false })
    const { scriptPath } = await host.call('deploy', { setId, force: false })
    // Calls for each function keep to a rate in real time, of which simulated days have none.
    if (setId === LAMBDA) turnDetailsOff(scriptPath)
  }

  async control<T>(path: string, body?: object): Promise<T> {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
    const response = await fetch(`${this.simulator.info.url}/control/${path}`, init)
    if (!response.ok) throw new Error(`control ${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T // the control API's shapes are those of simulator/README.md
  }

  async pollAt(atMs: EpochMs, functionName = 'run'): Promise<Poll> {
    await this.control('clock', { nowMs: atMs, frozen: false })
    return this.#poll(atMs, functionName)
  }

  async planAt(atMs: EpochMs): Promise<PricedPlan> {
    await this.control('clock', { nowMs: atMs, frozen: false })
    const host = await this.#host()
    return (await host.call('plan', { target: this.#setId, backfill: null, compare: null })).plan
  }

  async pollNow(): Promise<Poll> {
    return this.#poll(null, 'run')
  }

  async #poll(atMs: EpochMs | null, functionName: string): Promise<Poll> {
    const host = await this.#host()
    const before = process.cpuUsage()
    const startedMs = performance.now()
    const { record, backlog } = await host.call('exec', {
      target: `startup__${this.#setId}.${functionName}`,
      atMs,
      debug: false,
    })
    const { user, system } = process.cpuUsage(before)
    return { record, backlog, wallMs: performance.now() - startedMs, hostCpuMs: (user + system) / 1_000 }
  }

  async untilDelivered(): Promise<void> {
    const host = await this.#host()
    const deadlineMs = Date.now() + DELIVERY_LIMIT_MS
    for (;;) {
      // One look after the other: Execute gives up delivering long before three hours of a large fleet are through.
      const { backlog, lastDeliveryError } = await host.call('status', {})
      if (backlog.waitingBatches === 0) return
      if (Date.now() > deadlineMs)
        throw new Error(`${backlog.waitingBatches} batches still wait: ${lastDeliveryError}`)
      await sleep(DELIVERY_LOOK_MS)
    }
  }

  async reopen(): Promise<void> {
    await this.#client?.close()
    this.#client = undefined
  }

  async close(): Promise<void> {
    await this.reopen()
    await this.simulator.stop()
    rmSync(this.root, { recursive: true, force: true })
  }
}

/**
 * Starts a simulator, and on a new home a host with a set installed and deployed. One at a time in a process:
 * the endpoint is in its environment.
 */
export async function openSimulatedHome({
  simulatorArgs,
  sink,
  setId = LAMBDA,
  parameters = {},
}: SimulatedHomeOptions): Promise<SimulatedHome> {
  const simulator = await startSimulatorProcess(SIMULATOR, simulatorArgs)
  const home = new Home(simulator, mkdtempSync(join(tmpdir(), 'simulated-home-')), setId)
  try {
    await home.deploy(sink, parameters)
    return home
  } catch (error) {
    await home.close()
    throw error
  }
}
