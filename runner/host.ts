import { MINUTE_MS, SECOND_MS } from '../core/time.ts'
import { type ConnectorRegistry, createConnectorRegistry } from './connector/registry.ts'
import { createBroker } from './credentials/broker.ts'
import { createExternalIds } from './credentials/external-id.ts'
import { makeHandlers } from './handler/table.ts'
import { prepareHome } from './home-folder.ts'
import { describeWritable, mendModes } from './home-modes.ts'
import { type HomePaths, homePaths } from './home.ts'
import type { HostEvent, HostHandlers } from './host-api.ts'
import type { HostParts } from './host-parts.ts'
import { Counters } from './observe/counters.ts'
import { createObserver, type ObserverOptions } from './observe/observer.ts'
import { endOrphans } from './orphan.ts'
import { tellEnded } from './finish-task.ts'
import { createSender } from './outbox/sender.ts'
import { homeBusy, type Owner, readOwner, tryOwn } from './owner.ts'
import { PACKAGE_ROOT, PACKAGE_VERSION } from './package.ts'
import { createPruner } from './pruner.ts'
import { openKey } from './secret/rotate.ts'
import { createVault } from './secret/vault.ts'
import { serveSocket, type SocketServer } from './socket/server.ts'
import { openSqliteStore } from './store/sqlite/open.ts'
import type { Store } from './store/store.ts'
import { setIdOf } from './task-scope.ts'
import { createTasks } from './tasks.ts'
import { counted } from './text/counted.ts'
import { createScheduler, type Scheduler, type SchedulerOptions } from './trigger/scheduler.ts'
import { aborted, sleep } from './wait.ts'

/** How long running tasks may go on after SIGTERM: most polls end within it, and init systems kill after 90 s. */
const TASK_GRACE_MS = 30 * SECOND_MS

/** How long a leaving host goes on delivering; what is left is delivered by the next one. */
const DELIVER_GRACE_MS = 5 * SECOND_MS

/** How long `dff start` waits for a command that owns the home for its own duration. */
const START_WAIT_MS = 10 * SECOND_MS
const START_POLL_MS = 100

/** Read within a tenth of a second. */
const MAX_CHECKED_BY_COMMAND = 16 * 1024 ** 2

/** Whoever asked for the home looks for its lock more often than this. */
const LEND_GRACE_MS = 2 * SECOND_MS
/** How long a restore of a large store may take. */
const LENT_WAIT_MS = 10 * MINUTE_MS

export interface HostOptions extends ObserverOptions {
  /** Folder that holds marketplace.json and scripts/; default the package itself. */
  readonly marketRoot?: string
  readonly onEvent?: (event: HostEvent) => void
  /** Says what somebody should know who looks after this home: file modes that were mended, for example. */
  readonly onWarning?: (text: string) => void
  /** The scheduler's clock, for a test that cannot wait for a tick. */
  readonly clock?: Pick<SchedulerOptions, 'now' | 'setTimer'>
  /** Somebody asks for the home: a restore. */
  readonly onLend?: () => void
}

/** A host that owns its home, in this process. */
export interface Host {
  readonly handlers: HostHandlers
  /** Stops scheduling, lets what runs come to its end for so long, delivers briefly, gives the home back. */
  close(taskGraceMs?: number): Promise<void>
}

/** A command runs what it was asked to and leaves: ticks are for `dff start`. */
const NO_SCHEDULER: Scheduler = {
  refresh: async () => undefined,
  silenceMs: () => 0,
  stop: async () => undefined,
}

async function usesAws(store: Store, scriptId: string): Promise<boolean> {
  const set = await store.sets.get(setIdOf(scriptId))
  return set?.manifest.uses.includes('aws') === true
}

/** Every connector that is set, and what batches wait for: one that was removed says so, instead of holding them in silence. */
async function listDestinations(store: Store, connectors: ConnectorRegistry): Promise<readonly string[]> {
  const waiting = (await store.outbox.lanes()).filter((lane) => lane.waitingBatches > 0)
  const ids = (await connectors.list()).map((row) => row.id)
  return [...new Set([...ids, ...waiting.map((lane) => lane.connectorId)])]
}

async function makeParts(
  store: Store,
  paths: HomePaths,
  { owner, options, leaving }: { owner: Owner; options: HostOptions; leaving: AbortSignal },
): Promise<HostParts> {
  const vault = createVault(store.secrets, await openKey(paths, store.secrets))
  const externalIds = createExternalIds(vault)
  const connectors = createConnectorRegistry({ connectors: store.connectors, vault, output: paths.output })
  const note = (text: string): void => options.onEvent?.({ kind: 'note', text })
  const counters = new Counters(owner.info.startedAtMs)
  const parts: HostParts = {
    paths,
    owner: owner.info,
    marketRoot: options.marketRoot ?? PACKAGE_ROOT,
    store,
    vault,
    externalIds,
    broker: createBroker({
      readSecret: (scriptId, name) => vault.readFor(scriptId, name),
      usesAws: (scriptId) => usesAws(store, scriptId),
      resolveExternalId: (account) => externalIds.resolve(account),
    }),
    connectors,
    sender: createSender({
      store,
      openSinkFor: (id) => connectors.open(id),
      connectorIds: () => listDestinations(store, connectors),
      note,
      onSent: (id, result) => counters.sent(id, result),
    }),
    counters,
    pruner: createPruner({ store, note }),
    scheduler:
      owner.info.mode === 'command'
        ? NO_SCHEDULER
        : createScheduler({
            triggers: store.triggers,
            onTick: (trigger, tick) => tasks.tick(trigger, tick),
            onProblem: note,
            ...options.clock,
          }),
    leaving,
    lend: () => options.onLend?.(),
    note,
    get tasks() {
      return tasks
    },
    get observer() {
      return observer
    },
  }
  const tasks = createTasks(parts)
  const observer = createObserver(parts, options)
  return parts
}

/** Puts in order what an earlier owner left; before the socket opens, so that nothing of this owner is taken for it. */
async function tidy(parts: HostParts): Promise<void> {
  const ended = await endOrphans(parts.store, Date.now())
  if (ended.length > 0)
    parts.note(
      `Ended ${counted(ended.length, 'task')} that an earlier host left running: ${ended.join(', ')}`,
    )
  // One after the other: each reads its log.
  for (const taskId of ended) await tellEnded(parts, taskId)
  await parts.tasks.closeAbandoned()
  await parts.pruner.prune()
}

async function begin(parts: HostParts): Promise<void> {
  if (parts.owner.mode === 'command') return
  await parts.observer.begin()
  parts.sender.start()
  await parts.tasks.resume()
  await parts.scheduler.refresh()
}

/** Leaves without time for what runs: a command, or a host that could not begin. */
async function leaveAtOnce(parts: HostParts, socket: SocketServer): Promise<void> {
  await parts.scheduler.stop()
  await parts.observer.close()
  // Somebody else's call may be under way through the socket: it is answered first.
  await socket.close()
  await parts.tasks.stop(0)
  await parts.sender.stop()
}

async function leave(parts: HostParts, socket: SocketServer, taskGraceMs: number): Promise<void> {
  if (parts.owner.mode === 'command') return leaveAtOnce(parts, socket)
  await parts.scheduler.stop()
  await Promise.all([socket.close(), parts.tasks.stop(taskGraceMs)])
  await parts.observer.endRounds()
  await parts.sender.drain({
    deadlineMs: Date.now() + DELIVER_GRACE_MS,
    signal: new AbortController().signal,
  })
  await parts.sender.stop()
  await parts.observer.close()
}

/** Makes the host of a home that this process owns, socket included; releases the home when that fails. */
export async function openHost(owner: Owner, paths: HomePaths, options: HostOptions): Promise<Host> {
  const leaving = new AbortController()
  let store: Store | undefined
  try {
    for (const word of mendModes(paths)) options.onWarning?.(word)
    // A host stays, and must not build on a damaged store; a command is waited for.
    const maxCheckedBytes = owner.info.mode === 'start' ? Infinity : MAX_CHECKED_BY_COMMAND
    store = await openSqliteStore(paths.database, { maxCheckedBytes })
    const parts = await makeParts(store, paths, { owner, options, leaving: leaving.signal })
    await tidy(parts)
    const handlers = makeHandlers(parts)
    const socket = await serveSocket(paths, handlers)
    await begin(parts).catch(async (error: unknown) => {
      leaving.abort()
      await leaveAtOnce(parts, socket)
      throw error
    })
    parts.pruner.start()
    return {
      handlers,
      close: async (taskGraceMs = TASK_GRACE_MS) => {
        leaving.abort()
        parts.pruner.stop()
        try {
          await leave(parts, socket, taskGraceMs)
        } finally {
          await parts.broker.close()
          await parts.store.close()
          owner.release()
        }
      },
    }
  } catch (error) {
    await store?.close()
    owner.release()
    throw error
  }
}

/** Waits so long for a command that owns the home; another `dff start` is refused at once. */
async function ownToStay(paths: HomePaths, waitMs: number, signal: AbortSignal): Promise<Owner | undefined> {
  const deadlineMs = Date.now() + waitMs
  // In turn: each attempt is one look at the lock.
  while (!signal.aborted) {
    const owner = tryOwn(paths, { mode: 'start', command: 'dff start' })
    if (owner !== undefined) return owner
    const other = readOwner(paths)
    if (other?.mode === 'start') {
      throw homeBusy(
        paths,
        other,
        `It is the host of this home already; stop it with kill ${other.pid}, or use another home.`,
      )
    }
    if (Date.now() > deadlineMs)
      throw homeBusy(paths, other, 'Wait for that command to end, then start again.')
    await sleep(START_POLL_MS, signal)
  }
  return undefined
}

/**
 * `dff start`: triggers, tasks, delivery and the socket, until the signal aborts; then drains and resolves. Rejects with
 * HOME_BUSY naming who owns the home, HOME_UNUSABLE, or what kept the store or the key from opening.
 */
export async function startHost(
  home: string,
  options: HostOptions & { readonly signal: AbortSignal },
): Promise<void> {
  const paths = homePaths(home)
  const { signal } = options
  const warn = (text: string): void => options.onEvent?.({ kind: 'note', text })
  for (const word of [...prepareHome(paths), ...describeWritable(paths)]) warn(word)
  let waitMs = START_WAIT_MS
  // Once, and once more for each time that the home was lent.
  while (!signal.aborted) {
    const owner = await ownToStay(paths, waitMs, signal)
    if (owner === undefined || !(await hostOnce(owner, paths, options))) return
    await sleep(LEND_GRACE_MS, signal)
    waitMs = LENT_WAIT_MS
  }
}

/** Runs the host of a home until the signal aborts or the home is asked for; true when it was lent. */
async function hostOnce(
  owner: Owner,
  paths: HomePaths,
  options: HostOptions & { readonly signal: AbortSignal },
): Promise<boolean> {
  const say = (text: string): void => options.onEvent?.({ kind: 'note', text })
  const lent = new AbortController()
  const host = await openHost(owner, paths, { onWarning: say, ...options, onLend: () => lent.abort() })
  say(`dff ${PACKAGE_VERSION} runs ${paths.root} as process ${process.pid}`)
  await aborted(AbortSignal.any([options.signal, lent.signal]))
  // What a task would still write belongs to the store that is about to be replaced.
  await host.close(lent.signal.aborted ? 0 : TASK_GRACE_MS)
  if (options.signal.aborted) return false
  say('The home is lent to a restore; the host goes on when that is done.')
  return true
}
