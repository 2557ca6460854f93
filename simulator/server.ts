import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { makePaidRequests } from './aws/cost-explorer.ts'
import { createDenials } from './aws/denial.ts'
import { createAccess } from './aws/iam.ts'
import { createFaults } from './aws/fault.ts'
import { answerAws } from './aws/gateway.ts'
import { createIdentities, partitionOf } from './aws/identity.ts'
import { answerMachine } from './aws/machine.ts'
import { createOrganization } from './aws/organization.ts'
import { createQuotas } from './aws/quota.ts'
import { EXTERNAL_ID, roleArnOf } from './aws/sts.ts'
import { createClock } from './clock.ts'
import { answerControl, callControl } from './control/control.ts'
import { makeCounters } from './counters.ts'
import { jsonReply, readRequest, type Reply, type Request, writeReply } from './http.ts'
import { DEFAULT_OPTIONS, type SimulatorOptions } from './options.ts'
import { createReceiver } from './receiver/receiver.ts'
import { DEFAULT_REWRITING } from './receiver/rewriting.ts'
import type { Simulation } from './simulation.ts'
import { createBilling } from './truth/billing.ts'
import { createListing } from './truth/listing.ts'
import { DEFAULT_LOGS } from './truth/log-options.ts'
import { createLogs } from './truth/logs.ts'
import { createServices, NO_SERVICES } from './truth/service.ts'
import { createTruth } from './truth/truth.ts'

/** What a client needs to use the simulator; printed at the start and served at `/control/info`. */
export interface SimulatorInfo {
  readonly url: string
  readonly accounts: readonly {
    readonly accountId: string
    readonly accessKeyId: string
    readonly secretAccessKey: string
  }[]
  readonly regions: readonly string[]
  readonly datakitUrl: string
  readonly datawayUrl: string
  readonly datawayToken: string
  /** A role of the first account that its user may assume with `externalId`. */
  readonly roleArn: string
  readonly externalId: string
}

/** A running simulator. */
export interface RunningSimulator {
  readonly url: string
  readonly info: SimulatorInfo
  /** A call of the control API without a request: a GET without a body. Throws what would be answered 400 or 404. */
  control(path: string, body?: object): unknown
  /** Ends open requests and frees the port. */
  close(): Promise<void>
}

function createSimulation(options: SimulatorOptions): Simulation {
  const clock = createClock(options.nowMs)
  const counters = makeCounters()
  const { accountIds, regions, seed, groups, changes, sinceMs, rewriting = DEFAULT_REWRITING } = options
  const truth = createTruth(
    {
      seed,
      accountIds,
      regions,
      lambdasPerAccount: options.functions,
      activeShare: options.active,
      groups: groups ?? [],
      changes: changes ?? [],
      ...(sinceMs === undefined ? {} : { sinceMs }),
    },
    options.late,
  )
  return {
    options,
    clock,
    counters,
    truth,
    logs: createLogs(truth, options.logs ?? DEFAULT_LOGS),
    services: createServices(truth, options.services ?? NO_SERVICES),
    billing: createBilling(seed, accountIds, options.billing),
    paid: makePaidRequests(),
    listing: createListing(truth, options.listing ?? false),
    identities: createIdentities(accountIds, seed, partitionOf(regions[0] ?? '')),
    denials: createDenials(),
    access: createAccess(),
    organization: createOrganization(accountIds),
    links: new Map(),
    faults: createFaults(),
    quotas: createQuotas(options.quotas),
    receiver: createReceiver(`tkn_${String(seed).padStart(32, '0')}`, rewriting, { clock, counters }),
  }
}

function describe(simulation: Simulation, url: string): SimulatorInfo {
  const { identities, options, receiver } = simulation
  const [accountId = ''] = options.accountIds
  return {
    url,
    accounts: identities.users.map((user) => ({
      accountId: user.accountId,
      accessKeyId: user.accessKeyId,
      secretAccessKey: user.secretAccessKey,
    })),
    regions: options.regions,
    datakitUrl: url,
    datawayUrl: `${url}/dataway`,
    datawayToken: receiver.token,
    roleArn: roleArnOf(accountId, options.regions[0] ?? ''),
    externalId: EXTERNAL_ID,
  }
}

async function answer(simulation: Simulation, info: SimulatorInfo, request: Request): Promise<Reply> {
  const { rawPath } = request
  if (rawPath.startsWith('/control/')) return answerControl(simulation, info, request)
  if (rawPath.startsWith('/v1/write/')) return simulation.receiver.write(request, 'datakit')
  if (rawPath.startsWith('/dataway/v1/write/')) return simulation.receiver.write(request, 'dataway')
  return answerMachine(simulation, request) ?? answerAws(simulation, request)
}

async function serve(
  simulation: Simulation,
  info: SimulatorInfo,
  exchange: { readonly message: IncomingMessage; readonly response: ServerResponse },
): Promise<void> {
  const { message, response } = exchange
  let reply: Reply
  try {
    reply = await answer(simulation, info, await readRequest(message))
  } catch (error) {
    // A fault of the simulator itself must look like one: 500 with its stack, never a silent hang.
    reply = jsonReply(500, {
      simulatorError: error instanceof Error ? (error.stack ?? error.message) : String(error),
    })
  }
  if (!response.destroyed) writeReply(response, reply, simulation.clock.nowMs())
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

/** Starts a simulator in this process; options that are left out have the defaults of the command line. Rejects when the port is taken. */
export async function startSimulator(options: Partial<SimulatorOptions> = {}): Promise<RunningSimulator> {
  const simulation = createSimulation({ ...DEFAULT_OPTIONS, ...options })
  const server = createServer({ keepAliveTimeout: 60_000 })
  server.listen(simulation.options.port, '127.0.0.1')
  await once(server, 'listening')
  // A TCP server's address is an AddressInfo; only pipes have a string.
  const { port } = server.address() as AddressInfo
  const info = describe(simulation, `http://127.0.0.1:${port}`)
  server.on('request', (message, response) => void serve(simulation, info, { message, response }))
  return {
    url: info.url,
    info,
    control: (path, body) => callControl(simulation, info, { path, body }),
    close: () => closeServer(server),
  }
}
